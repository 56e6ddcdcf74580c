import t from 'tap'
import { module as erratic } from '../../../src/plugin/erratic/setup.ts'
import { replayWithUpstreams } from '../replay-upstreams.ts'

for (const recording of ['erratic-axfr', 'erratic-basic', 'erratic-truncate']) {
  t.test(`${recording} agrees with the recording`, async (t) => {
    t.strictSame(await replayWithUpstreams(recording, [erratic]), [])
  })
}
