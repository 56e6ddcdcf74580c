import { readdirSync } from 'node:fs'
import t from 'tap'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { replayWithUpstreams } from '../replay-upstreams.ts'

const folder = new URL('../../parity/plugins/', import.meta.url)
/** Needs the plugin chaos, and is replayed by the whole server. */
const ELSEWHERE = 'forward-class-chaos'

for (const file of readdirSync(folder).filter((name) => name.startsWith('forward-'))) {
  const recording = file.replace('.json', '')
  if (recording === ELSEWHERE) continue
  t.test(`${recording} agrees with the recording`, async (t) => {
    t.strictSame(await replayWithUpstreams(recording, [forward]), [])
  })
}
