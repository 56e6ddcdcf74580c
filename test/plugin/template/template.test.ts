import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { module as template } from '../../../src/plugin/template/setup.ts'
import { name } from '../../../src/wire/name.ts'
import { answering, arrange, mistake, replay } from '../harness.ts'

const OPEN = 'template IN A example.org {\n'

for (const recording of [
  'template-cname-inside',
  'template-ederror',
  'template-expr',
  'template-fields',
  'template-functions',
  'template-groups',
  'template-several-answers',
  'template-zone-order',
]) {
  t.test(`${recording}: every recorded answer is given`, async (t) => {
    t.strictSame(await replay(recording, [bind, template]), [])
  })
}

t.test(
  'a rule without fallthrough ends the chain with SERVFAIL, one with it does not',
  async (t) => {
    const backend = answering('x.example.org. 1 IN A 192.0.2.9')
    const chain = await arrange(`${OPEN}match ^a\nrcode NXDOMAIN\n}`, [template], { backend })
    t.equal(await chain.ask('a.example.org. A'), 'NXDOMAIN qr aa rd')
    t.equal(await chain.ask('x.example.org. A'), 'SERVFAIL qr rd (rcode only)')
    t.match(await chain.ask('x.example.org. AAAA'), /192\.0\.2\.9/)
    const through = await arrange(`${OPEN}match ^a\nfallthrough\n}`, [template], { backend })
    t.match(await through.ask('x.example.org. A'), /192\.0\.2\.9/)
  },
)

t.test('a template that gives no record says SERVFAIL and why, and is counted', async (t) => {
  const chain = await arrange(`${OPEN}answer "{{ .Name }} IN A {{ .Zone }}"\n}`, [template])
  const reply = await chain.reply('a.example.org. A')
  t.equal(reply.rcode, 2)
  t.equal(reply.error, 'dns: bad A A: "example.org." at line: 1:32')
  t.strictSame(await chain.samples('coredns_template'), [
    'coredns_template_matches_total{server="dns://:53",zone="example.org.",view="",class="IN",type="A"} 1',
    'coredns_template_rr_failures_total{server="dns://:53",zone="example.org.",view="",class="IN",type="A",section="answer",template="{{.Name}} IN A {{.Zone}}"} 1',
  ])
})

t.test(
  'what is made of the question alone may be repeated, what tells of the client may not',
  async (t) => {
    const lasting = async (lines: string) => {
      const chain = await arrange(`${OPEN}${lines}\n}`, [template])
      return (await chain.reply('a.example.org. A')).lifetime.repeatable
    }
    t.equal(await lasting('answer "{{ .Name }} IN A 192.0.2.1"'), true)
    t.equal(await lasting('answer "{{ .Name }} IN TXT {{ .Remote }}"'), false)
    t.equal(await lasting('answer "{{ .Name }} IN TXT x{{ .Meta `a/b` }}"'), false)
    t.equal(
      await lasting(
        'expr incidr(client_ip(), \'127.0.0.0/8\')\nanswer "{{ .Name }} IN A 192.0.2.1"',
      ),
      false,
    )
  },
)

t.test('a branch is clear of rules of other types and other zones', async (t) => {
  const chain = await arrange(`${OPEN}rcode NXDOMAIN\n}`, [template])
  const clear = (branch: string, qtype: number) =>
    chain.plugin('template').clearOf?.(name(branch), qtype)
  t.equal(clear('com.cluster.local.', 1), true)
  t.equal(clear('a.example.org.', 28), true)
  t.equal(clear('a.example.org.', 1), false)
  t.equal(clear('org.', 1), false)
})

t.test('mistakes are told in the words of CoreDNS', async (t) => {
  const head = 'Corefile:2 - Error during parsing: '
  t.equal(
    await mistake('template', [template]),
    `${head}Wrong argument count or unexpected line ending after 'template'`,
  )
  t.equal(await mistake('template in A', [template]), `${head}invalid query class in`)
  t.equal(await mistake('template IN ZZZ', [template]), `${head}invalid RR class ZZZ`)
  const third = head.replace('2', '3')
  t.equal(await mistake(`${OPEN}rcode 6\n}`, [template]), `${third}unknown rcode 6`)
  t.match(
    await mistake(`${OPEN}match (x\n}`, [template]),
    'could not parse regex: (x, error parsing regexp: missing closing ): `(x`',
  )
  t.match(await mistake(`${OPEN}answer "{{ .Name"\n}`, [template]), 'could not compile template: ')
  t.equal(
    await mistake(`${OPEN}var name 1\n}`, [template]),
    `${third}variable name "name" is reserved`,
  )
  t.match(
    await mistake(`${OPEN}expr nope\n}`, [template]),
    'could not compile expression: unknown name nope',
  )
})
