import { once } from 'node:events'
import { request } from 'node:http'
import t from 'tap'
import { HttpListeners } from '../../../src/admin/http.ts'
import { openTopPage, snapshotText } from '../../../src/plugin/explain/top.ts'
import type { Latency, Snapshot } from '../../../src/plugin/observe.ts'
import { freePort } from '../../ports.ts'

const latency: Latency = { count: 5000, p50: 0.000008, p99: 0.0128, buckets: [] }
const snapshot: Snapshot = {
  at: 1_795_265_553_506,
  interval: 10,
  queries: 5000,
  outcomes: { NXDOMAIN: 1000, NOERROR: 4000 },
  transports: { udp: 4990, tcp: 10 },
  hits: 4750,
  misses: 250,
  latency: { all: latency, hits: latency, misses: latency },
  topSeconds: 75.2,
  sampledOneIn: 4,
  topClients: [
    { address: '10.0.0.7', pod: 'shop/web-0', count: 30_000, error: 0 },
    { address: '10.0.0.8', count: 2000, error: 40 },
  ],
  topNames: [{ name: 'web.shop.svc.cluster.local.', type: 'A', count: 9, error: 0 }],
  topFailing: [
    {
      name: 'gone.',
      type: 'AAAA',
      outcome: 'NXDOMAIN',
      count: 7,
      error: 2,
      clients: [{ address: '10.0.0.7', pod: 'shop/web-0' }, { address: '10.0.0.8' }],
    },
  ],
}
const TEXT = `Queries in the last 10 s: 500.0 a second, 95.0 % from the table
        400.0  NOERROR
        100.0  NXDOMAIN
By transport: 499.0 a second over UDP, 1.0 over streams
Latency: half below 8 µs, 99 % below 13 ms

In the last 75 s, one query in 4 looked at:
Clients
              30000  10.0.0.7 (shop/web-0)
          1960-2000  10.0.0.8
Names
                  9  web.shop.svc.cluster.local. A
Failing
                5-7  gone. AAAA NXDOMAIN, asked by 10.0.0.7 (shop/web-0), 10.0.0.8
`

t.test('who asks is told as text for people', async (t) => {
  t.equal(snapshotText(snapshot), TEXT)
  const none = { count: 0, p50: 0, p99: 0, buckets: [] }
  const text = snapshotText({
    ...snapshot,
    interval: 0,
    queries: 0,
    outcomes: {},
    transports: { udp: 0, tcp: 0 },
    hits: 0,
    latency: { all: none, hits: none, misses: none },
    sampledOneIn: 1,
    topClients: [],
    topNames: [],
    topFailing: [],
  })
  t.notMatch(text, /NaN|Infinity|undefined/)
  t.match(text, /^Queries in the last 0 s: 0\.0 a second\n/)
  t.match(
    text,
    /Latency: nothing was asked\n\nIn the last 75 s:\nClients: none\nNames: none\nFailing: none\n$/,
  )
})

t.test('the page looks back as far as it is asked to, as text or JSON', async (t) => {
  const http = new HttpListeners()
  const address = `127.0.0.1:${await freePort()}`
  const asked: (number | undefined)[] = []
  const observation = {
    snapshot: (seconds?: number) => {
      asked.push(seconds)
      return snapshot
    },
    close: () => {},
  }
  const close = await openTopPage(address, observation, http)
  t.teardown(close)
  const get = async (query: string, headers = {}) => {
    const response = await fetch(`http://${address}/top${query}`, { headers })
    const body = await response.text()
    return [response.status, response.headers.get('content-type'), body] as const
  }
  t.strictSame(await get(''), [200, 'text/plain; charset=utf-8', TEXT])
  const [status, type, body] = await get('?seconds=60&format=json')
  t.strictSame([status, type, JSON.parse(body)], [200, 'application/json; charset=utf-8', snapshot])
  t.match(await get('?seconds=1', { accept: 'application/json' }), [200, /json/])
  t.strictSame(asked, [10, 60, 1])
  for (const wrong of ['0', '61', '1.5', '-1', 'x', '1e9', 'Infinity']) {
    const [status, , body] = await get(`?seconds=${wrong}`)
    t.equal(status, 400, wrong)
    t.ok(body.startsWith(`${wrong} is no number of seconds from 1 to 60\n`), body)
  }
  t.match(await get('?format=xml'), [400, /plain/, /^xml is no format: text or json\n/])
  t.equal(asked.length, 3)
})

t.test('a page of another site cannot read who asks', async (t) => {
  const http = new HttpListeners()
  const port = await freePort()
  const observation = { snapshot: () => snapshot, close: () => {} }
  t.teardown(await openTopPage(`127.0.0.1:${port}`, observation, http))
  const statusFor = async (headers: Record<string, string>) => {
    const asking = request({ host: '127.0.0.1', port, path: '/top', headers }).end()
    const [response] = await once(asking, 'response')
    response.resume()
    return response.statusCode
  }
  t.equal(await statusFor({ host: `localhost:${port}` }), 200)
  t.equal(await statusFor({ host: 'elsewhere.example' }), 403, 'a name that was led here')
  t.equal(await statusFor({ host: 'localhost', 'sec-fetch-site': 'cross-site' }), 403)
})
