import { readdirSync } from 'node:fs'
import t from 'tap'
import { module as cache } from '../../../src/plugin/cache/setup.ts'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { replayWithUpstreams } from '../replay-upstreams.ts'

const folder = new URL('../../parity/plugins/', import.meta.url)
/** Needs the plugin rewrite, and is replayed by the whole server. */
const ELSEWHERE = 'cache-before-rewrite'

t.jobs = 8
for (const file of readdirSync(folder).filter((name) => name.startsWith('cache-'))) {
  const recording = file.replace('.json', '')
  if (recording === ELSEWHERE) continue
  t.test(`${recording} agrees with the recording`, async (t) => {
    t.strictSame(await replayWithUpstreams(recording, [cache, forward]), [])
  })
}
