import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { module as metadata } from '../../../src/plugin/metadata/setup.ts'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { module as view } from '../../../src/plugin/view/setup.ts'
import { type Asking, answering, arrange, arrangeAll, mistake } from '../harness.ts'

const modules = [metadata, bind, view]
const TAKEN = 'NOERROR qr aa rd\na.test. 1 IN A 192.0.2.1'
const PASSED_BY = 'REFUSED qr rd (rcode only)'

async function asked(expression: string, question = 'a.test A', asking: Asking = {}) {
  const lines = `metadata\nview v {\nexpr ${expression}\n}`
  const backend = answering('a.test. 1 IN A 192.0.2.1')
  const chain = await arrange(lines, modules, { backend })
  await chain.start()
  return chain.ask(question, asking)
}

t.test('expressions ask about the query', async (t) => {
  for (const [expression, asking] of [
    ["incidr(client_ip(), '10.0.0.0/8')", { from: '10.9.9.9' }],
    ["proto() == 'tcp'", { transport: 'tcp' }],
    ['do()', { udpSize: 1232, dnssecOk: true }],
    ['bufsize() > 2000 && bufsize() < 5000', { udpSize: 4096 }],
    ["port() == '5650'", { fromPort: 5650 }],
    ["server_ip() == '192.0.2.53'", { to: '192.0.2.53' }],
    ["type() in ['A', 'AAAA'] and class() == 'IN'", {}],
    ["name() matches '^a\\\\.'", {}],
    ["metadata('view/name') == 'v'", {}],
    ['opcode() == 0 && id() > 0', {}],
  ] as const) {
    t.equal(await asked(expression, 'a.test A', asking), TAKEN, expression)
    t.equal(await asked(`not (${expression})`, 'a.test A', asking), PASSED_BY, expression)
  }
})

t.test('what is no truth value, or fails, is not true', async (t) => {
  t.equal(await asked('name()'), PASSED_BY)
  t.equal(await asked("incidr(client_ip(), 'nonsense')"), PASSED_BY)
})

/** `mark WORD`: a backend that answers with the word. */
const mark: PluginModule = {
  name: 'mark',
  setup({ tokens }) {
    tokens.next()
    return answering(`a.test. 1 IN TXT "${tokens.remainingArgs()[0]}"`)
  },
}

t.test('blocks are tried in their order; the one without a view takes the rest', async (t) => {
  const block = (lines: string) => `. {\n${lines}\n}\n`
  const chain = await arrangeAll(
    block("view tcp {\nexpr proto() == 'tcp'\n}\nmark tcp") +
      block("view txt {\nexpr type() == 'TXT'\n}\nmark txt") +
      block('mark rest'),
    [mark, view],
  )
  const told = async (question: string, asking: Asking = {}) =>
    /"(.*)"/.exec(await chain.ask(question, asking))?.[1]
  t.equal(await told('a.test TXT', { transport: 'tcp' }), 'tcp')
  t.equal(await told('a.test TXT'), 'txt')
  t.equal(await told('a.test A'), 'rest')
  t.equal(chain.blocks[0]?.settings.view, 'tcp')
})

t.test('mistakes are told', async (t) => {
  t.match(await mistake('view', [view]), /Wrong argument count .* after 'view'/)
  t.match(await mistake('view a b', [view]), /Wrong argument count .* after 'b'/)
  t.equal(
    await mistake('view v {\nexpression true\n}', [view]),
    "Corefile:3 - Error during parsing: unknown property 'expression'",
  )
  t.not(await mistake('view v {\nexpr (true\n}', [view]), '')
  t.not(await mistake('view v {\nexpr nobody()\n}', [view]), '')
})
