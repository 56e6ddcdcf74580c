import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { module as header } from '../../../src/plugin/header/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { arrange, mistake, replay, replying } from '../harness.ts'
import { plainHosts } from '../plain-hosts.ts'

t.test('rules are applied in their order, to queries and to replies', async (t) => {
  const lines = 'header {\nresponse SET ra AA\nresponse clear aa\nquery clear rd\n}'
  const chain = await arrange(lines, [header], { backend: replying({ lifetime: ALWAYS }) })
  t.equal(await chain.ask('a.test A'), 'NOERROR qr ra')
  t.equal((await chain.reply('a.test A')).lifetime, ALWAYS)
})

t.test('a reply that nobody wrote keeps its flags', async (t) => {
  const chain = await arrange('header {\nresponse clear rd\n}', [header], {
    backend: replying({ kind: 'rcode' }),
  })
  t.equal(await chain.ask('a.test A'), 'NOERROR qr aa rd (rcode only)')
})

t.test('mistakes are told', async (t) => {
  const say = (line: string) => mistake(`header {\n${line}\n}`, [header])
  const at = 'setting up rule:'
  t.equal(await say('response set xx'), `${at} unknown/unsupported flag=xx`)
  t.equal(await say('response flip aa'), `${at} unknown flag action=flip, should be set or clear`)
  t.equal(
    await say('response set'),
    `${at} invalid length for flags, at least one should be provided`,
  )
  t.equal(await say('answer set aa'), `${at} invalid selector=answer should be query or response`)
  t.equal(await say('query'), `${at} no flag action provided`)
  t.match(await mistake('header {\n}', [header]), /Wrong argument count/)
})

t.test('the recordings agree', async (t) => {
  for (const recording of ['header-order', 'header-response']) {
    t.strictSame(await replay(recording, [bind, header, plainHosts]), [], recording)
  }
})
