import t from 'tap'
import { module as bufsize } from '../../../src/plugin/bufsize/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { replyTo } from '../../../src/plugin/reply.ts'
import { limitOf } from '../../../src/server/finish.ts'
import { arrange, mistake, queryFor } from '../harness.ts'

/** What the plugins behind saw of the client's size. */
const seen: (number | undefined)[] = []
const backend: Plugin = {
  name: 'backend',
  keepsLifetimes: true,
  serve: (query) => {
    seen.push(query.opt?.udpSize)
    return replyTo(query, 'backend', { lifetime: ALWAYS })
  },
}
t.beforeEach(() => void seen.splice(0))

t.test('a larger size is lowered for what comes behind and for the reply', async (t) => {
  const chain = await arrange('bufsize', [bufsize], { backend })
  const query = queryFor('a.test A', { udpSize: 4096 }, chain.router)
  const reply = await chain.router.serve(query)
  t.strictSame(seen, [1232])
  t.equal(reply.askedWith?.opt?.udpSize, 1232)
  t.equal(limitOf(query, reply), 1232)
  t.strictSame([reply.lifetime, reply.deniedBelow], [ALWAYS, 0], 'for clients of that size')
})

t.test('a smaller size, and a query without OPT, are left alone', async (t) => {
  const chain = await arrange('bufsize 600', [bufsize], { backend })
  const all: { udpSize?: number }[] = [{ udpSize: 600 }, { udpSize: 512 }, {}]
  for (const asking of all) {
    const reply = await chain.reply('a.test A', asking)
    t.equal(reply.askedWith?.opt?.udpSize, asking.udpSize)
    t.equal(reply.lifetime, ALWAYS)
  }
  t.strictSame(seen, [600, 512, undefined])
})

t.test('mistakes are told, the plugin named twice as the reference does', async (t) => {
  const text = (word: string) =>
    `plugin/bufsize: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '${word}'`
  for (const word of ['100', '511', '4097', 'big']) {
    t.equal(await mistake(`bufsize ${word}`, [bufsize]), text(word))
  }
  t.equal(await mistake('bufsize 512 513', [bufsize]), text('513'))
})
