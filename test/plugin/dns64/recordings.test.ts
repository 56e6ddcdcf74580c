import t from 'tap'
import { module as dns64 } from '../../../src/plugin/dns64/setup.ts'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { replayWithUpstreams } from '../replay-upstreams.ts'

for (const recording of ['dns64-default-v4-client', 'dns64-prefix-48', 'dns64-prefix']) {
  t.test(`${recording} agrees with the recording`, async (t) => {
    t.strictSame(await replayWithUpstreams(recording, [dns64, forward]), [])
  })
}
