import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { module as local } from '../../../src/plugin/local/setup.ts'
import { module as whoami } from '../../../src/plugin/whoami/setup.ts'
import { TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { answering, arrange, mistake, replay } from '../harness.ts'
import { plainHosts } from '../plain-hosts.ts'

t.test('the recordings agree', async (t) => {
  t.strictSame(await replay('local-default', [bind, local, whoami]), [])
  const found = await replay('local-with-hosts', [bind, local, plainHosts])
  // The stand-in for hosts knows no PTR records, which the recording's last exchange asks for.
  t.ok(
    found.every((difference) => difference.startsWith('exchange 3')),
    { found },
  )
})

t.test('localhost in other zones is counted, repetitions too', async (t) => {
  const chain = await arrange('local', [local])
  const reply = await chain.reply('localhost.example.org A')
  t.equal(reply.lifetime, ALWAYS)
  t.equal(reply.counts.length, 1)
  await chain.ask('localhost A')
  await chain.ask('x.localhost MX')
  t.strictSame(await chain.samples('coredns_local_localhost_requests_total '), [
    'coredns_local_localhost_requests_total 2',
  ])
})

t.test('with localhost_prefix off only its own zones are answered', async (t) => {
  const records = 'localhost.quay.test. 60 IN A 192.0.2.9'
  const chain = await arrange('local {\nlocalhost_prefix off\n}', [local], {
    backend: answering(records),
  })
  t.equal(await chain.ask('localhost.quay.test A'), `NOERROR qr aa rd\n${records}`)
  t.equal(await chain.ask('a.localhost A'), 'NOERROR qr rd\na.localhost. 604800 IN A 127.0.0.1')
  const plugin = chain.plugin('local')
  t.equal(plugin.clearOf?.(name('quay.test'), TYPE.A), true)
  t.equal(plugin.clearOf?.(name('arpa'), TYPE.PTR), false)
  const prefixed = await arrange('local', [local])
  t.equal(prefixed.plugin('local').clearOf?.(name('quay.test'), TYPE.A), false)
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  t.equal(
    await mistake('local {\nlocalhost_prefix maybe\n}', [local]),
    `${at} localhost_prefix expects 'on' or 'off', got "maybe"`,
  )
  t.equal(await mistake('local {\nprefix on\n}', [local]), `${at} unknown property 'prefix'`)
  t.match(await mistake('local host', [local]), /after 'host'/)
})
