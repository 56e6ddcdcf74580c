import t from 'tap'
import { module as any } from '../../../src/plugin/any/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { answering, arrange, mistake } from '../harness.ts'

const A_TEST = 'a.test. 60 IN A 192.0.2.1'

t.test('a query of type ANY gets one HINFO record (RFC 8482 §4.2)', async (t) => {
  const chain = await arrange('any', [any], { backend: answering(A_TEST) })
  t.equal(
    await chain.ask('A.test ANY'),
    'NOERROR qr rd\nA.test. 8482 IN HINFO "ANY obsoleted" "See RFC 8482"',
  )
  t.equal((await chain.reply('a.test ANY')).lifetime, ALWAYS)
})

t.test('other types pass', async (t) => {
  const chain = await arrange('any', [any], { backend: answering(A_TEST) })
  t.equal(await chain.ask('a.test A'), `NOERROR qr aa rd\n${A_TEST}`)
  t.equal(chain.plugin('any').clearOf?.(name('test'), TYPE.A), true)
  t.equal(chain.plugin('any').clearOf?.(name('test'), TYPE.ANY), false)
})

t.test('it takes no arguments', async (t) => {
  t.match(await mistake('any thing', [any]), /^Corefile:2 - .* after 'thing'$/)
})
