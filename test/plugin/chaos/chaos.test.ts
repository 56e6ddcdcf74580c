import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { module as chaos } from '../../../src/plugin/chaos/setup.ts'
import { CLASS } from '../../../src/wire/codes.ts'
import { arrange, mistake, replay } from '../harness.ts'
import { plainHosts } from '../plain-hosts.ts'

const asking = { qclass: CLASS.CH }

t.test('version, authors and host are told in class CH', async (t) => {
  const chain = await arrange('chaos', [chaos])
  t.equal(
    await chain.ask('version.bind TXT', asking),
    'NOERROR qr rd\nversion.bind. 0 CH TXT "Muster-0.1.0"',
  )
  t.equal(await chain.ask('ID.server TXT', asking), 'NOERROR qr rd\nID.server. 0 CH TXT "berth"')
  t.match(await chain.ask('authors.bind TXT', asking), 'The Muster authors')
})

t.test('authors come each once, in a random order', async (t) => {
  const chain = await arrange('chaos v1 b a b c', [chaos])
  const seen = new Set<string>()
  for (let i = 0; i < 200; i++) seen.add(await chain.ask('authors.bind TXT', asking))
  t.equal(seen.size, 6)
})

t.test('a text is cut to one character-string', async (t) => {
  const chain = await arrange(`chaos ${'v'.repeat(300)}`, [chaos])
  const { answer } = await chain.reply('version.server TXT', asking)
  t.equal(answer[0]?.rdata.length, 256)
})

t.test('a block has no options, and the recordings agree', async (t) => {
  t.equal(
    await mistake('chaos v1 {\ncolour\n}', [chaos]),
    "Corefile:3 - Error during parsing: unknown property 'colour'",
  )
  for (const recording of ['chaos-default-zone', 'chaos-absent']) {
    t.strictSame(await replay(recording, [bind, chaos, plainHosts]), [], recording)
  }
})
