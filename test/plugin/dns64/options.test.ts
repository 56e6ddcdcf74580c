import t from 'tap'
import { module as dns64 } from '../../../src/plugin/dns64/setup.ts'
import { giveUp } from '../../../src/plugin/reply.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { arrange } from '../harness.ts'

t.test('options that rewrite gave the query are in the reply that dns64 makes', async (t) => {
  const backend = {
    name: 'backend',
    serve: (query: Parameters<typeof giveUp>[0]) =>
      giveUp(query, 'backend', RCODE.SERVFAIL, 'no luck'),
  }
  const lines = 'dns64 {\n allow_ipv4\n}\nrewrite edns0 local set 0xffee hi'
  const chain = await arrange(lines, [dns64, rewrite], { backend })
  const reply = await chain.reply('a.test. AAAA')
  t.equal(reply.askedWith?.opt?.udpSize, 4096)
})
