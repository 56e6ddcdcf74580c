import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/index.ts'
import { OBJECTS } from '../distributions/cluster.ts'
import { freePort } from '../ports.ts'
import { ask, recordsOf, run } from './peers/ask.ts'
import {
  KNOT,
  knotSecondary,
  NAMED,
  NSD,
  namedSecondary,
  nsdSecondary,
  UNBOUND,
} from './peers/kinds.ts'
import {
  compare,
  daemon,
  filePrimary,
  kubernetesPrimary,
  muster,
  skipWithout,
  withoutAddress,
} from './peers/scene.ts'
import { QUESTIONS, RECORDS, ZONE, ZONE_FILE } from './peers/zone.ts'

t.setTimeout(900_000)

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const [CERT, KEY] = [path('../net/fixtures/cert.pem'), path('../net/fixtures/key.pem')]

for (const program of ['dig', 'kdig']) {
  t.test(
    `${program} gets a zone file by AXFR, record for record`,
    { skip: skipWithout(program) },
    async (t) => {
      const port = await filePrimary(t)
      const output = await run(program, [
        '@127.0.0.1',
        '-p',
        String(port),
        ZONE,
        'AXFR',
        '+noall',
        '+answer',
      ])
      t.strictSame(recordsOf(output), [...RECORDS, RECORDS[0]].sort())
    },
  )
}

t.test('dig gets the cluster by AXFR', { skip: skipWithout('dig') }, async (t) => {
  const port = await kubernetesPrimary(t)
  const output = await run('dig', [
    '@127.0.0.1',
    '-p',
    String(port),
    'cluster.local.',
    'AXFR',

    '+noall',
    '+answer',
  ])
  const records = recordsOf(output).map((line) => line.replace(/(SOA \S+ \S+) \d+/, '$1 SERIAL'))
  const soa =
    'cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. SERIAL 7200 1800 86400 5'
  t.equal(records.filter((line) => line === soa).length, 2, 'it begins and ends with the SOA')
  for (const record of CLUSTER_RECORDS) t.ok(records.includes(record), record)
  t.comment(output)
})

/** Of the cluster's zone, as the specification of DNS for Services has them. */
const CLUSTER_RECORDS = [
  'kubernetes.default.svc.cluster.local. 5 IN A 10.96.0.1',
  '_https._tcp.kubernetes.default.svc.cluster.local. 5 IN SRV 0 100 443 kubernetes.default.svc.cluster.local.',
  'cart.shop.svc.cluster.local. 5 IN A 10.96.7.7',
  'db.shop.svc.cluster.local. 5 IN A 10.244.1.4',
  'db-1.db.shop.svc.cluster.local. 5 IN A 10.244.2.4',
  'outside.shop.svc.cluster.local. 5 IN CNAME example.com.',
]

const ANSWERS = [
  'example.test. SOA',
  'web.example.test. A',
  'a.wild.example.test. TXT',
  'nothing.example.test. A',
]

t.test(
  'BIND is a secondary of a zone file, and answers the same',
  { skip: skipWithout('named') },
  async (t) => {
    const port = await filePrimary(t)
    const named = await daemon(t, namedSecondary(ZONE, port))
    t.strictSame(await compare(port, named.port, QUESTIONS), [])
  },
)

for (const [program, secondary] of [
  ['knotd', knotSecondary],
  ['nsd', nsdSecondary],
] as const) {
  t.test(
    `${program} is a secondary of a zone file, answers the same, and hears of a change`,
    { skip: skipWithout(program) },
    async (t) => {
      const [port, folder] = [await freePort(), t.testdir({ zone: ZONE_FILE })]
      // A NOTIFY that nobody has a socket for yet is lost: the peer's port is known only once it runs.
      const corefile = (to: string) =>
        `${ZONE}:${port} {\n bind 127.0.0.1\n file ${folder}/zone {\n  reload 1s\n }\n transfer {\n  to *${to}\n }\n}`
      const server = await muster(t, corefile(''))
      const copy = await daemon(t, secondary(port))
      t.strictSame(await compare(port, copy.port, QUESTIONS), [])
      await server.stop()
      await muster(t, corefile(` 127.0.0.1:${copy.port}`))
      writeFileSync(join(folder, 'zone'), `${nextSerial(ZONE_FILE)}new 60 IN A 192.0.2.99\n`)
      const question = `new.${ZONE} A`
      const has = async () => (await ask(copy.port, question, 500))?.rcode === 'NOERROR'
      for (let turn = 0; turn < 150 && !(await has()); turn++) await sleep(200)
      t.strictSame(await compare(port, copy.port, [question]), [])
    },
  )
}

/** The zone with its serial one higher. */
function nextSerial(zone: string): string {
  return zone.replace(/(SOA \S+ \S+ )(\d+)/, (_, head, serial) => `${head}${Number(serial) + 1}`)
}

for (const program of ['dig', 'kdig']) {
  t.test(
    `${program} gets the SOA alone by IXFR from the serial there is, and the zone from another`,
    { skip: skipWithout(program) },
    async (t) => {
      const port = await filePrimary(t)
      const serial = Number(/SOA \S+ \S+ (\d+)/.exec(ZONE_FILE)?.[1])
      const ixfr = async (from: number) => {
        const server = ['@127.0.0.1', '-p', String(port), '+tcp', '+noall', '+answer']
        return recordsOf(await run(program, [...server, ZONE, `IXFR=${from}`]))
      }
      t.strictSame(await ixfr(serial), [RECORDS[0]])
      t.strictSame(await ixfr(serial - 1), [...RECORDS, RECORDS[0]].sort())
    },
  )
}

t.test(
  'BIND is a secondary of the cluster, and answers the same',
  { skip: skipWithout('named') || withoutAddress() },
  async (t) => {
    const port = await kubernetesPrimary(t)
    const named = await daemon(t, namedSecondary('cluster.local.', port), 'cluster.local. SOA')
    const questions = CLUSTER_RECORDS.map((record) => record.split(' ')).map(
      ([name, , , type]) => `${name} ${type}`,
    )
    t.strictSame(await compare(port, named.port, questions), [])
  },
)

for (const [program, kind] of [
  ['knotd', KNOT],
  ['named', NAMED],
  ['nsd', NSD],
] as const) {
  t.test(
    `secondary has its zone from ${program}, and answers the same`,
    { skip: skipWithout(program) },
    async (t) => {
      const primary = await daemon(t, kind)
      const port = await freePort()
      await muster(
        t,
        `${ZONE}:${port} {
        bind 127.0.0.1
        secondary {
          transfer from 127.0.0.1:${primary.port}
        }
      }`,
      )
      for (let i = 0; i < 600 && (await ask(port, `${ZONE} SOA`))?.rcode !== 'NOERROR'; i++)
        await sleep(50)
      t.strictSame(await compare(port, primary.port, QUESTIONS), [])
    },
  )
}

for (const [program, kind] of [
  ['nsd', NSD],
  ['knotd', KNOT],
  ['named', NAMED],
] as const) {
  t.test(
    `a zone file is answered as ${program} answers it`,
    { skip: skipWithout(program) },
    async (t) => {
      const port = await filePrimary(t)
      const other = await daemon(t, kind)
      t.strictSame(await compare(port, other.port, QUESTIONS), [])
    },
  )
}

/** Kept by Muster's cache or not, a forwarded answer is the upstream's. */
for (const [program, kind] of [
  ['named', NAMED],
  ['knotd', KNOT],
  ['unbound', UNBOUND],
] as const) {
  t.test(
    `forward passes on what ${program} says, by UDP and TCP`,
    { skip: skipWithout(program) },
    async (t) => {
      const upstream = await daemon(t, kind)
      const port = await freePort()
      await muster(
        t,
        `.:${port} {
        bind 127.0.0.1
        forward . 127.0.0.1:${upstream.port}
      }`,
      )
      t.strictSame(await compare(port, upstream.port, QUESTIONS), [])
      t.strictSame(
        await compare(
          port,
          upstream.port,
          ANSWERS.map((question) => `${question} +tcp`),
        ),
        [],
      )
    },
  )
}

const ENCRYPTED: readonly [string, string, readonly string[]][] = [
  ['DNS over TLS', 'tls', ['+tls']],
  ['DNS over HTTPS by POST', 'https', ['+https']],
  ['DNS over HTTPS by GET', 'https', ['+https', '+https-get']],
]
for (const [title, scheme, flags] of ENCRYPTED) {
  t.test(
    `kdig asks by ${title}, certificate verified`,
    { skip: skipWithout('kdig') },
    async (t) => {
      const port = await freePort()
      const corefile = `${scheme}://${ZONE}:${port} {
      bind 127.0.0.1
      tls ${CERT} ${KEY}
      file FOLDER/zone
    }`
      await muster(t, corefile, { zone: ZONE_FILE })
      const trust = [`+tls-ca=${CERT}`, '+tls-hostname=localhost']
      const print = ['+noall', '+answer', '+retry=0', '+timeout=20']
      const output = await run('kdig', [
        '@127.0.0.1',
        '-p',
        String(port),
        ...flags,
        ...trust,
        ...print,
        'www.example.test.',
        'A',
      ])
      const expected = RECORDS.filter((record) => /^(www|web)\./.test(record))
      t.strictSame(recordsOf(output), [...expected].sort())
    },
  )
}

t.test(
  'promtool has no complaint about the metrics of a kubeadm cluster',
  { skip: skipWithout('promtool') },
  async (t) => {
    const cluster = await startApiServer()
    t.teardown(() => cluster.close())
    cluster.apply([...OBJECTS])
    const [port, health, ready, metrics] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const corefile = readFileSync(path('../distributions/kubeadm.Corefile'), 'utf8')
      .replace('.:53 {', `.:${port} {\n    bind 127.0.0.1`)
      .replace('health {', `health 127.0.0.1:${health} {`)
      .replace('lameduck 5s', 'lameduck 0s')
      .replace('ready\n', `ready 127.0.0.1:${ready}\n`)
      .replace('pods insecure', `pods insecure\n       endpoint ${cluster.url}`)
      .replace(':9153', `127.0.0.1:${metrics}`)
      .replace('/etc/resolv.conf', `127.0.0.1:${await freePort()}`)
      .replace('    loop\n', '')
    await muster(t, corefile)
    for (const question of [
      'cart.shop.svc.cluster.local. A',
      'none.shop.svc.cluster.local. A +tcp',
    ])
      await ask(port, question)
    const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
    t.match(page, /^coredns_dns_requests_total\{/m)
    const complaints = (await run('promtool', ['check', 'metrics'], page)).split('\n')
    t.strictSame(
      complaints.filter((line) => line !== ''),
      [],
    )
  },
)
