import t from 'tap'
import { module as cancel } from '../../../src/plugin/cancel/setup.ts'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { arrange } from '../harness.ts'
import { deadPort } from '../replay-upstreams.ts'

t.test('behind cancel, queries have the shorter of two deadlines', async (t) => {
  const seen: number[] = []
  const backend = {
    name: 'backend',
    serve: (query: { exchange: { deadline: number } }, next: (q: never) => never) => {
      seen.push(query.exchange.deadline)
      return next(query as never)
    },
  }
  for (const [line, deadline] of [
    ['cancel', 5101],
    ['cancel 1.5s', 1600],
  ] as const) {
    const chain = await arrange(line, [cancel], { backend, host: { now: () => 100 } })
    await chain.reply('a.test. A')
    t.equal(seen.pop(), deadline)
  }
})

t.test('forward begins no attempt behind the deadline', async (t) => {
  let now = 0
  const port = await deadPort()
  const chain = await arrange(`cancel 1s\nforward . 127.0.0.1:${port}`, [cancel, forward], {
    host: { now: () => (now += 600) },
  })
  t.teardown(() => chain.stop())
  t.match(await chain.reply('a.test. A'), { kind: 'rcode', rcode: 2, error: 'no healthy proxies' })
})
