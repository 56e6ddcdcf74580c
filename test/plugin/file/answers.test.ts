import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { module as file } from '../../../src/plugin/file/setup.ts'
import { module as template } from '../../../src/plugin/template/setup.ts'
import { differences } from '../../parity/compare.ts'
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

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
}
