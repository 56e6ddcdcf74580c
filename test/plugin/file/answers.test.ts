import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { every, MAX_TIMER_MS } from '../../../src/plugin/every.ts'
import { closest } from '../../../src/plugin/file/closest.ts'
import { module as file } from '../../../src/plugin/file/setup.ts'
import type { Query } from '../../../src/plugin/query.ts'
import { silence } from '../../../src/plugin/reply.ts'
import { module as template } from '../../../src/plugin/template/setup.ts'
import { type Name, name, nameToText } from '../../../src/wire/name.ts'
import { differences } from '../../parity/compare.ts'
import { until } from '../../until.ts'
import { arrangeAll } from '../harness.ts'

/** What CoreDNS 1.14.7 answered to these queries with this zone. */
const { zone, exchanges } = JSON.parse(
  readFileSync(new URL('answers.json', import.meta.url), 'utf8'),
) as {
  readonly zone: string
  readonly exchanges: readonly {
    readonly q: string
    readonly query: string
    readonly response: string
  }[]
}

/** The zone, and another one that some of its CNAMEs lead to. */
const COREFILE = (directory: string) => `
ex.test {
    file ${directory}/db
}
out.test {
    template IN A {
        match ^foo
        answer "{{ .Name }} 5 IN A 192.0.2.77"
        fallthrough
    }
    template ANY ANY {
        rcode NXDOMAIN
        authority "out.test. 5 IN SOA a. b. 1 2 3 4 5"
    }
}`

t.test('a zone with everything in it is answered as the reference answers it', async (t) => {
  const corefile = COREFILE(t.testdir({ db: zone }))
  const chain = await arrangeAll(corefile, [template, file])
  await chain.start()
  t.teardown(() => chain.stop())
  for (const { q, query, response } of exchanges) {
    const answer = await chain.send(Buffer.from(query, 'hex'))
    const found =
      answer === undefined
        ? ['no answer']
        : differences(Buffer.from(response, 'hex'), answer, { serial: true })
    t.strictSame(found, [], q)
  }
})

t.test(
  "a CNAME to a name about which nothing is said has the zone's servers beside it",
  async (t) => {
    const directory = t.testdir({
      db: '@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nc 60 CNAME x.out.test.\n',
    })
    const backend = { name: 'backend', serve: (query: Query) => silence(query, 'backend') }
    const corefile = `. {\nfile ${directory}/db a.test\n}`
    const chain = await arrangeAll(corefile, [file], { backend })
    await chain.start()
    t.teardown(() => chain.stop())
    const lines = [
      'NOERROR qr aa rd',
      'c.a.test. 60 IN CNAME x.out.test.',
      ';; AUTHORITY',
      'a.test. 60 IN NS ns.a.test.',
    ]
    t.equal(await chain.ask('c.a.test. A'), lines.join('\n'))
  },
)

t.test('a wildcard right below the root stands for no name', async (t) => {
  const db = '@ 60 SOA ns. h. 1 2 3 4 5\n@ NS ns.\n* A 192.0.2.1\nx.y TXT a\n*.w A 192.0.2.2\n'
  const chain = await arrangeAll(`. {\nfile ${t.testdir({ db })}/db\n}`, [file])
  await chain.start()
  t.teardown(() => chain.stop())
  t.match(await chain.ask('q. A'), /^NXDOMAIN/)
  t.match(await chain.ask('q.r. A'), /^NXDOMAIN/)
  t.match(await chain.ask('y. A'), /^NOERROR(?!.*192)/s)
  t.match(await chain.ask('e.w. A'), /e\.w\. 60 IN A 192\.0\.2\.2/)
})

t.test('a file that changes its serial is taken over, one that is wrong is not', async (t) => {
  const directory = t.testdir({ db: '@ 60 SOA ns h 1 2 3 4 5\nwww 60 A 192.0.2.1\n' })
  const chain = await arrangeAll(`a.test {\nfile ${directory}/db {\nreload 20ms\n}\n}`, [file])
  await chain.start()
  t.teardown(() => chain.stop())
  const before = await chain.reply('www.a.test. A')
  t.equal(before.answer.length, 1)
  writeFileSync(`${directory}/db`, '@ 60 SOA ns h 2 2 3 4 5\nwww 60 A x\n')
  await until(() => chain.log.some((line) => line.includes('Parsing zone "a.test."')))
  t.equal((await chain.reply('www.a.test. A')).answer.length, 1)
  writeFileSync(`${directory}/db`, '@ 60 SOA ns h 2 2 3 4 5\nnew 60 A 192.0.2.2\n')
  await until(() => chain.log.some((line) => line.includes('Successfully reloaded zone')))
  t.equal((await chain.reply('www.a.test. A')).rcode, 3)
  const [version] = before.lifetime.versions
  t.not(chain.versions.read(version?.slot ?? 0), version?.version, 'earlier replies are dead')
})

t.test('a name that the zone lacks falls through, for as long as the zone stands', async (t) => {
  const directory = t.testdir({ db: '@ 60 SOA ns h 1 2 3 4 5\nwww 60 A 192.0.2.1\n' })
  const outer = `template IN A a.test {\nanswer "{{ .Name }} 9 IN A 192.0.2.9"\n}`
  const chain = await arrangeAll(
    `. {\nfile ${directory}/db a.test {\nfallthrough\n}\n${outer}\n}`,
    [file, template],
  )
  const reply = await chain.reply('other.a.test. A')
  t.equal(reply.answer[0]?.ttl, 9)
  t.equal(reply.lifetime.versions.length, 1)
})

t.test('a DNAME whose target is written in capitals leads to a delegation', async (t) => {
  const db = `$TTL 60
@ SOA ns h 1 2 3 4 5
sub NS ns.sub
ns.sub A 192.0.2.9
d DNAME Sub.A.TEST.
`
  const chain = await arrangeAll(`a.test {\nfile ${t.testdir({ db })}/db\n}`, [file])
  t.equal(
    await chain.ask('x.d.a.test. A'),
    `NOERROR qr aa rd
d.a.test. 60 IN DNAME Sub.A.TEST.
x.d.a.test. 60 IN CNAME x.Sub.A.TEST.
;; AUTHORITY
sub.a.test. 60 IN NS ns.sub.a.test.
;; ADDITIONAL
ns.sub.a.test. 60 IN A 192.0.2.9`,
  )
})

t.test('the proof that a name is not there follows the order of RFC 4034', async (t) => {
  // §6.1: of two labels the one that the other begins with comes first, a before a-1.
  const db = `$TTL 60
@ SOA ns h 1 2 3 4 5
@ NSEC a.b A
a.b NSEC a.a-1.b A
a.a-1.b NSEC @ A
`
  const chain = await arrangeAll(`a.test {\nfile ${t.testdir({ db })}/db\n}`, [file])
  const { authority } = await chain.reply('ns.b.a.test. A', { udpSize: 1232, dnssecOk: true })
  t.equal(nameToText(authority[1]?.owner as Name), 'a.a-1.b.a.test.')
})

t.test('an interval that no timer can hold is not a flood of reloads', async (t) => {
  t.equal(MAX_TIMER_MS, 2147483647)
  const warnings: string[] = []
  const warned = ({ name }: Error) => void warnings.push(name)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  const timer = every(8760 * 3_600_000, () => t.fail('it is run at once'))
  t.teardown(() => clearInterval(timer))
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.strictSame(warnings, [])
})

t.test('a name is in the zone with the longest origin', async (t) => {
  const zones = new Map(['.', 'test.', 'b.a.test.'].map((text) => [name(text), text]))
  t.equal(closest(zones, name('x.b.a.test.')), 'b.a.test.')
  t.equal(closest(zones, name('b.a.test.')), 'b.a.test.')
  t.equal(closest(zones, name('a.test.')), 'test.')
  t.equal(closest(zones, name('xb.a.org.')), '.')
  zones.delete(name('.'))
  t.equal(closest(zones, name('org.')), undefined)
})
