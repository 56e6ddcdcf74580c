import t from 'tap'
import { Registry } from '../../src/admin/metrics.ts'
import type { LimitedClient } from '../../src/net/limits.ts'
import { SAID_EVERY_MS, tellLimits } from '../../src/server/limits.ts'

t.test('clients held back are counted, and the worst is named once in a while', async (t) => {
  const metrics = new Registry()
  const said: string[] = []
  let held: readonly LimitedClient[] = []
  const tell = tellLimits(metrics, { warning: (text) => void said.push(text) }, () => held)
  tell(0)
  t.match(await metrics.expose(), /^muster_limited_clients 0$/m)
  held = [
    { address: '10.0.0.7', perSecond: 900, pass: 0.5 },
    { address: '10.0.0.8', perSecond: 90_000, pass: 0.0123 },
    { address: '10.0.0.8', perSecond: 80_000, pass: 0.02 },
  ]
  for (const now of [1000, 2000, SAID_EVERY_MS]) tell(now)
  t.match(await metrics.expose(), /^muster_limited_clients 2$/m)
  t.equal(said.length, 1)
  t.match(said[0], /10\.0\.0\.8 sends about 90000 a second, of which 1\.2% are let through/)
  tell(SAID_EVERY_MS + 1000)
  t.equal(said.length, 2)
})
