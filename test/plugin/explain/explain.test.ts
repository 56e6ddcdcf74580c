import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { explain } from '../../../src/cli/explain.ts'
import { createLogger } from '../../../src/log.ts'
import type { Walk } from '../../../src/plugin/why.ts'
import { createCluster } from '../../../src/sandbox/index.ts'
import { Server } from '../../../src/server.ts'
import { DNSSEC_OK } from '../../../src/wire/edns.ts'
import { name } from '../../../src/wire/name.ts'
import { readMessage } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'
import { askByUdp } from '../../parity/exchange.ts'
import { freePort } from '../../ports.ts'
import { BROKEN_ENDPOINTS } from './endpoint-setups.ts'
import { BROKEN, RIGHT } from './setups.ts'

const SET_UPS = [...BROKEN, ...BROKEN_ENDPOINTS]

/** Milliseconds that controllers and watches get to bring about what is expected. */
const PATIENCE_MS = 60_000
const PAGE = '127.0.0.1:0'
t.setTimeout(800_000)

const folder = mkdtempSync(join(tmpdir(), 'muster-explain-'))
const cluster = await createCluster({ controllers: true })
cluster.apply([...RIGHT, ...SET_UPS.flatMap(({ objects }) => objects)])
const kubeconfig = join(folder, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)
const port = await freePort()
const kubernetes = (zone: string, more = '') => `${zone}:${port} {
    bind 127.0.0.1
    errors
    log
    prometheus ${PAGE}
    kubernetes ${zone} {
        kubeconfig ${kubeconfig}
        ${more}
    }
}
`
writeFileSync(join(folder, 'db.data'), '@ 30 IN SOA ns.data. me.data. 1 30 30 30 30\n')
const corefile = `.:${port} {
    bind 127.0.0.1
    explain ${PAGE}
    rewrite name exact short.test web.shop.svc.cluster.local
    cache 30
    kubernetes cluster.local 10.0.0.0/8 {
        kubeconfig ${kubeconfig}
    }
    forward . 127.0.0.1:${await freePort()} {
        max_connect_attempts 1
    }
}
${kubernetes('exposed.test', 'namespaces shop')}
${kubernetes('ignored.test', 'ignore empty_service')}
${kubernetes('verified.test', 'pods verified')}
data:${port} {
    bind 127.0.0.1
    kubernetes cluster.local {
        kubeconfig ${kubeconfig}
    }
    file ${join(folder, 'db.data')}
}
nowhere.test:${port} {
    bind 127.0.0.1
    hosts {
        192.0.2.1 known.nowhere.test
    }
}
`
const log: string[] = []
const server = new Server({
  log: createLogger({ write: (line) => void log.push(line) }),
  environment: {},
  workingDirectory: folder,
  threads: 1,
})
await server.start(() => ({ text: corefile, path: 'Corefile' }))
t.teardown(async () => {
  await server.stop()
  await cluster.close()
  rmSync(folder, { recursive: true })
})
const page = `http://127.0.0.1:${server.http.port(PAGE)}/explain`

async function walk(question: string, client = '127.0.0.1'): Promise<Walk> {
  const [qname = '', type = 'A'] = question.split(' ')
  const query = new URLSearchParams({ name: qname, type, client, format: 'json' })
  return (await (await fetch(`${page}?${query}`)).json()) as Walk
}

/** Asks until what is said is what it will be: workloads take a moment to become Pods, and Pods endpoints. */
async function walkUntil(question: string, done: (walk: Walk) => boolean): Promise<Walk> {
  const ends = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await walk(question)
    if (done(found) || performance.now() > ends) return found
    await new Promise((later) => setTimeout(later, 50))
  }
}

for (const { title, ask, code, reason, remedy } of SET_UPS) {
  t.test(`${title}: reason and remedy`, async (t) => {
    const found = await walkUntil(ask, ({ problems }) =>
      problems.some(
        (problem) =>
          problem.code === code &&
          problem.reason.startsWith(reason) &&
          problem.remedy.startsWith(remedy),
      ),
    )
    const problem = found.problems.find((one) => one.code === code)
    t.ok(problem?.reason.startsWith(reason), reason, { problems: found.problems })
    t.ok(problem?.remedy.startsWith(remedy), remedy, { problems: found.problems })
  })
}

t.test('an answer’s cause is told: Service and slice, with their versions and ages', async (t) => {
  const found = await walkUntil('db.shop.svc.cluster.local. A', ({ rcode }) => rcode === 'NOERROR')
  t.strictSame(found.problems, [])
  t.equal(found.answer.length, 1)
  t.match(found.listener, /^dns:\/\/127\.0\.0\.1:/)
  t.equal(found.zone, '.')
  const step = found.steps.find(({ plugin }) => plugin === 'kubernetes')
  t.equal(step?.did, 'answered')
  const [service, slice] = step?.facts ?? []
  const of = (kind: string, id: string) =>
    cluster
      .list(kind === 'Service' ? 'v1' : 'discovery.k8s.io/v1', kind, 'shop')
      .find(({ metadata }) => `shop/${metadata.name}` === id)?.metadata.resourceVersion
  t.match(service, { kind: 'Service', name: 'shop/db', says: 'headless, selector app=db' })
  t.equal(service?.version, of('Service', 'shop/db'))
  t.ok((service?.ageSeconds ?? -1) >= 0)
  t.match(slice, { kind: 'EndpointSlice', says: /^1 IPv4 endpoints, 1 in DNS: 10\./ })
  t.equal(slice?.version, of('EndpointSlice', slice?.name ?? ''))
})

t.test(
  'the way shows what each plugin did, and what those behind a rewrite are asked',
  async (t) => {
    const { steps, rcode } = await walk('short.test. A')
    t.equal(rcode, 'NOERROR')
    const [explaining, rewrite, , kubernetes] = steps
    t.match(explaining, { plugin: 'explain', did: 'passed' })
    t.match(rewrite, {
      plugin: 'rewrite',
      did: 'changed',
      facts: [{ kind: 'question', name: 'web.shop.svc.cluster.local. A' }],
    })
    t.match(kubernetes, {
      plugin: 'kubernetes',
      name: 'web.shop.svc.cluster.local.',
      did: 'answered',
    })
  },
)

t.test('a short name is not to be put into the zone that it fell to', async (t) => {
  const codes = async (question: string) =>
    (await walkUntil(question, ({ problems }) => problems.length > 0)).problems.map(
      ({ code }) => code,
    )
  t.strictSame(await codes('orders.data. A'), ['search-list-not-applied'])
  t.strictSame(await codes('nobody.data. A'), ['not-in-zone'])
})

t.test('a walk is nobody’s query: watchers do not see it', async (t) => {
  const before = log.length
  const { steps } = await walk('web.shop.svc.exposed.test. A')
  t.strictSame(
    steps.map(({ plugin, did }) => [plugin, did]),
    [
      ['prometheus', 'skipped'],
      ['errors', 'skipped'],
      ['log', 'skipped'],
      ['kubernetes', 'answered'],
    ],
  )
  t.strictSame(
    log.slice(before).filter((line) => line.includes('web.shop.svc.exposed.test')),
    [],
  )
  const metrics = await server.metrics.expose()
  t.notMatch(metrics, /coredns_dns_requests_total\{[^}]*zone="exposed\.test\."/)
})

t.test('the page says it as text too, and what is wrong with a question', async (t) => {
  const text = async (query: string) => (await fetch(`${page}?${query}`)).text()
  const told = await text('name=web.shp.svc.cluster.local')
  t.match(told, /^web\.shp\.svc\.cluster\.local\. A, asked by 127\.0\.0\.1: NXDOMAIN\n/)
  t.match(told, /\nThere is no Namespace shp\. There is shop\.\n {4}Ask for web\.shop/)
  t.match(told, /\nThe way: dns:\/\/127\.0\.0\.1:\d+, block \.\n {4}explain passes it on\n/)
  t.match(await text(''), /^no name was given\n/)
  t.match(await text('name=a&type=TOAST'), /^TOAST is no type of records\n/)
  t.match(await text('name=a&client=me'), /^me is no address\n/)
  t.match(await text('name=a&format=xml'), /^xml is no format: text or json\n/)
  t.match(await text(`name=${'a'.repeat(64)}`), /is no domain name\n/)
})

t.test('muster explain asks the page of a running server', async (t) => {
  const run = async (...words: string[]) => {
    let said = ''
    const exitCode = await explain(words, (text) => {
      said += text
    })
    return { exitCode, said }
  }
  const at = new URL(page).host
  const found = await run('web.shp.svc.cluster.local', 'AAAA', '--client', '10.0.0.1', '--at', at)
  t.equal(found.exitCode, 0)
  t.match(found.said, /^web\.shp\.svc\.cluster\.local\. AAAA, asked by 10\.0\.0\.1: NXDOMAIN/)
  t.match((await run('--json', `--at=${at}`, 'a')).said, /^\{\n {2}"name": "a\."/)
  const nobody = await run('--at', `127.0.0.1:${await freePort()}`, 'a')
  t.equal(nobody.exitCode, 1)
  t.match(nobody.said, /^There is no explain page at 127\.0\.0\.1:\d+: write `explain` into/)
  t.equal((await run()).exitCode, 2)
  t.equal((await run('a', 'A', 'B')).exitCode, 2)
})

/** The Extended DNS Errors of the answer to a question, as `CODE TEXT`; undefined for an answer without OPT. */
async function errorsOf(qname: string, withOpt = true): Promise<string[] | undefined> {
  const question = { qname: name(qname), qtype: 1, qclass: 1 }
  const opt = { udpSize: 1232, extendedRcode: 0, version: 0, flags: DNSSEC_OK, options: [] }
  const none = { answer: [], authority: [], additional: [] }
  const query = { id: 9, flags: 0x0100, question, ...none, opt: withOpt ? opt : undefined }
  const packet = Buffer.from(new Writer().write(query, 512))
  const [answer] = await askByUdp({ to: '127.0.0.1', port, timeoutMs: 30_000 }, [packet], 1)
  const message = answer && readMessage(answer)
  return message?.opt?.options
    .filter(({ code }) => code === 15)
    .map(({ data }) => `${data.charCodeAt(0) * 256 + data.charCodeAt(1)} ${data.slice(2)}`)
}

t.test('clients that sent OPT are told why: RFC 8914', async (t) => {
  const expected: [string, string][] = [
    ['web.shp.svc.cluster.local.', '0 no Namespace shp'],
    ['wbe.shop.svc.cluster.local.', '0 no Service shop/wbe'],
    ['api.web.shop.svc.cluster.local.', '0 Service shop/web has no such endpoint or port'],
    ['slow.shop.svc.cluster.local.', '0 Service shop/slow has nothing ready behind it'],
    ['www.example.com.cluster.local.', '0 com is neither svc nor pod'],
    ['www.example.com.', '23 no upstream answered'],
    ['svc.cluster.local.', '0 the name has no records of type A'],
  ]
  for (const [qname, error] of expected) t.strictSame(await errorsOf(qname), [error], qname)
  t.strictSame(await errorsOf('web.shop.svc.cluster.local.'), [], 'nothing is wrong')
  t.equal(await errorsOf('wbe.shop.svc.cluster.local.', false), undefined, 'no OPT')
  t.strictSame(await errorsOf('orders.data.svc.exposed.test.'), [], 'no explain in that block')
})

t.test('what is repeated says the same as what was made, whatever was denied before', async (t) => {
  for (let turn = 0; turn < 4; turn++) {
    for (const [qname, error] of [
      ['a.nowhere1.svc.cluster.local.', '0 no Namespace nowhere1'],
      ['b.nowhere1.svc.cluster.local.', '0 no Namespace nowhere1'],
      ['a.nowhere2.svc.cluster.local.', '0 no Namespace nowhere2'],
      ['x.y.none.shop.svc.cluster.local.', '0 no Service shop/none'],
      ['none.shop.svc.cluster.local.', '0 no Service shop/none'],
      ['www.example.org.cluster.local.', '0 org is neither svc nor pod'],
    ]) {
      t.strictSame(await errorsOf(qname as string), [error], `${qname}, turn ${turn}`)
    }
  }
  const answered = /muster_datagrams_total\{outcome="answered"\} (\d+)/
  const [, count] = answered.exec(await server.metrics.expose()) ?? []
  t.ok(Number(count) > 0, 'some were repeated by data threads')
})
