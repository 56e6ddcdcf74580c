import t from 'tap'
import { module as shed } from '../../../src/plugin/shed/setup.ts'
import { answering, arrange, mistake } from '../harness.ts'

t.test(
  'a UDP query that waited for more than a second is dropped and counted; one over a stream is not',
  async (t) => {
    let now = 1000
    const backend = answering('a.test. 60 IN A 192.0.2.1')
    const chain = await arrange('shed', [shed], { backend, host: { now: () => now } })
    t.match(await chain.ask('a.test. A'), /^NOERROR/)
    now = 1001
    t.equal(await chain.ask('a.test. A'), '(silence)')
    t.match(await chain.ask('a.test. A', { transport: 'tcp' }), /^NOERROR/)
    t.strictSame(await chain.samples('coredns_shed'), [
      'coredns_shed_dropped_total{server="dns://:53",reason="query"} 1',
      'coredns_shed_dropped_total{server="dns://:53",reason="response"} 0',
    ])
  },
)

t.test('it is for plain DNS only', async (t) => {
  t.equal(
    await mistake('shed', [shed], { keys: 'tls://.' }),
    'Corefile:2 - Error during parsing: only plain DNS server blocks are supported; "tls://." uses transport "tls"',
  )
})
