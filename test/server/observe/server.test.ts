import t from 'tap'
import { createLogger } from '../../../src/log.ts'
import type { Snapshot } from '../../../src/plugin/observe.ts'
import { Server } from '../../../src/server.ts'
import { exchange, UdpClient } from '../../net/clients.ts'
import { framed } from '../../parity/exchange.ts'
import { freePort } from '../../ports.ts'
import { query } from '../../table/harness.ts'

const PATIENCE_MS = 20_000

/** A server whose Corefile changes with `zone`, which explains unless told otherwise. */
async function serve(
  t: { teardown(run: () => void | Promise<void>): void },
  options: { threads?: number; tableMib?: number } = {},
) {
  const [port, page] = [await freePort(), await freePort()]
  let text = ''
  const server = new Server({
    log: createLogger({ write: () => {} }),
    environment: {},
    workingDirectory: '/',
    ...options,
  })
  const corefile = (explains: boolean, comment: string) => `.:${port} {
    bind 127.0.0.1
    ${explains ? `explain 127.0.0.1:${page}` : ''}
    chaos ${comment}
    hosts {
        10.0.0.1 web.test
        fallthrough
    }
    template ANY ANY gone.test {
        rcode NXDOMAIN
    }
    template ANY ANY fails.test {
        rcode SERVFAIL
    }
}`
  const configure = (explains: boolean, comment: string) => {
    text = corefile(explains, comment)
  }
  configure(true, 'one')
  await server.start(() => ({ text, path: 'Corefile' }))
  const client = await UdpClient.open()
  t.teardown(async () => {
    client.close()
    await server.stop()
  })
  const snapshot = async (): Promise<Snapshot> => {
    const response = await fetch(`http://127.0.0.1:${page}/top?seconds=60&format=json`)
    return (await response.json()) as Snapshot
  }
  return {
    server,
    port,
    configure,
    snapshot,
    client,
    ask: (asked: Buffer) => client.ask(asked, port),
    /** The numbers once so many queries are in them, or what they are when patience ends. */
    counted: async (queries: number): Promise<Snapshot> => {
      const ends = performance.now() + PATIENCE_MS
      for (;;) {
        const now = await snapshot()
        if (now.queries >= queries || performance.now() > ends) return now
        await new Promise((later) => setTimeout(later, 100))
      }
    },
  }
}

for (const [what, options] of [
  ['data threads', { threads: 2 }],
  ['no table', { threads: 2, tableMib: 0 }],
] as const) {
  t.test(`${what}: every query is counted, with what became of it`, async (t) => {
    const { ask, port, counted } = await serve(t, options)
    for (let id = 0; id < 50; id++) {
      await ask(query('web.test', { id: 10 * id }))
      await ask(query('web.test', { id: 10 * id + 1, type: 28 }))
      await ask(query('x.gone.test', { id: 10 * id + 2 }))
      await ask(query('fails.test', { id: 10 * id + 3 }))
      // Slow enough for all to be looked at for the tables.
      await new Promise((later) => setTimeout(later, 20))
    }
    const broken = query('web.test', { id: 9001 }).subarray(0, -1)
    await ask(Buffer.from(broken))
    const streamed = Array.from({ length: 10 }, (_, id) => framed(query('web.test', { id })))
    const { messages } = await exchange(port, streamed, { count: 10 })
    t.equal(messages.length, 10)
    const seen = await counted(211)
    t.equal(seen.queries, 211)
    t.strictSame(seen.outcomes, { NOERROR: 60, NODATA: 50, NXDOMAIN: 50, SERVFAIL: 50, FORMERR: 1 })
    t.strictSame(seen.transports, { udp: 201, tcp: 10 })
    t.equal(seen.hits + seen.misses, 211)
    if (what === 'no table') t.equal(seen.hits, 0)
    else t.ok(seen.hits >= 100, `${seen.hits} from the table`)
    t.equal(seen.latency.all.count, 210)
    t.match(seen.topClients, [{ address: '127.0.0.1', count: 210, error: 0 }])
    t.match(seen.topNames, [
      { name: 'web.test.', type: 'A', count: 60 },
      { name: 'x.gone.test.', type: 'A', count: 50 },
      { name: 'fails.test.', type: 'A', count: 50 },
      { name: 'web.test.', type: 'AAAA', count: 50 },
    ])
    t.match(seen.topFailing, [
      { name: 'fails.test.', outcome: 'SERVFAIL', count: 50, clients: [{ address: '127.0.0.1' }] },
      { name: 'x.gone.test.', outcome: 'NXDOMAIN', count: 50 },
    ])
  })
}

t.test('reloads under load lose no query and no count', async (t) => {
  const { server, configure, ask, counted } = await serve(t, { threads: 2 })
  let [asked, answered, done] = [0, 0, false]
  const load = (async () => {
    while (!done) {
      const id = asked++ & 0xffff
      if ((await ask(query(id % 3 === 0 ? 'gone.test' : 'web.test', { id }))) !== undefined)
        answered++
    }
  })()
  for (const comment of ['two', 'three', 'four']) {
    await new Promise((later) => setTimeout(later, 300))
    configure(true, comment)
    await server.reload(false)
  }
  done = true
  await load
  t.equal(answered, asked)
  const { queries, hits, topClients } = await counted(asked)
  t.equal(queries, asked)
  t.ok(hits > 0)
  t.match(topClients, [{ address: '127.0.0.1' }])
})

t.test(
  'a Corefile that does not ask for it ends it, and one that does again begins anew',
  async (t) => {
    const { server, configure, ask, snapshot, counted } = await serve(t)
    for (let id = 0; id < 20; id++) await ask(query('web.test', { id }))
    t.equal((await counted(20)).queries, 20)
    configure(false, 'two')
    await server.reload(false)
    await t.rejects(snapshot(), 'nothing listens')
    for (let id = 20; id < 40; id++) await ask(query('gone.test', { id }))
    configure(true, 'three')
    await server.reload(false)
    for (let id = 40; id < 45; id++) await ask(query('fails.test', { id }))
    const seen = await counted(5)
    t.strictSame(seen.outcomes, { SERVFAIL: 5 })
    t.strictSame(
      seen.topNames.map((one) => one.name),
      ['fails.test.'],
    )
  },
)
