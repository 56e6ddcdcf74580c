import t from 'tap'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import type { Query } from '../../../src/plugin/query.ts'
import { type Reply, replyTo } from '../../../src/plugin/reply.ts'
import { literalTail } from '../../../src/plugin/rewrite/matcher.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import fc from '../../fast-check.ts'
import { arrange, queryFor, rr } from '../harness.ts'

const SOA = rr('zone.test. 30 IN SOA ns.zone.test. h.zone.test. 1 2 3 4 5')

/** Denies everything, for good. */
const denying: Plugin = {
  name: 'backend',
  keepsLifetimes: true,
  serve: (query) =>
    replyTo(query, 'backend', { rcode: RCODE.NXDOMAIN, authority: [SOA], lifetime: ALWAYS }),
}

async function set(...lines: readonly string[]): Promise<Plugin> {
  return (await arrange(lines.join('\n'), [rewrite], { backend: denying })).plugin('rewrite')
}

const isClear = async (branch: string, ...lines: readonly string[]) =>
  (await set(...lines)).clearOf?.(name(branch), TYPE.A)

t.test('a branch is clear of names outside it', async (t) => {
  t.equal(await isClear('com.svc.test.', 'rewrite name a.example b.svc.test'), true)
  t.equal(await isClear('com.svc.test.', 'rewrite name suffix .svc.example .svc.test'), true)
  t.equal(await isClear('com.svc.test.', 'rewrite name regex (.*)\\.global\\.$ {1}.svc.test'), true)
})

t.test('a branch is not clear of a rule that may meet a name in it', async (t) => {
  const branch = 'com.svc.test.'
  t.equal(await isClear(branch, 'rewrite name a.com.svc.test b.svc.test'), false)
  t.equal(await isClear(branch, 'rewrite name com.svc.test b.svc.test'), false)
  t.equal(await isClear(branch, 'rewrite name suffix .com.svc.test .b'), false)
  t.equal(await isClear(branch, 'rewrite name suffix test b'), false)
  t.equal(await isClear(branch, 'rewrite name prefix www. web.'), false)
  t.equal(await isClear(branch, 'rewrite name substring example other'), false)
  t.equal(await isClear(branch, 'rewrite name regex (.*)\\.global {1}.svc.test'), false)
  t.equal(await isClear(branch, 'rewrite name regex a\\.$|svc\\.$ b'), false)
  t.equal(await isClear(branch, 'rewrite edns0 local set 65001 x'), false)
  t.equal(await isClear(branch, 'rewrite type A AAAA'), false)
  t.equal(await isClear(branch, 'rewrite ttl a.com.svc.test 30'), false)
})

t.test('what a rule does to all names alike leaves a branch clear', async (t) => {
  const branch = 'com.svc.test.'
  t.equal(await isClear(branch, 'rewrite ttl suffix test 30'), true)
  t.equal(await isClear(branch, 'rewrite rcode substring svc.test NXDOMAIN NOERROR'), true)
  t.equal(await isClear(branch, 'rewrite cname exact a.test b.test'), true)
  t.equal(await isClear(branch, 'rewrite type AAAA A'), true)
})

t.test('rules behind one that stops for the whole branch do not count', async (t) => {
  const lines = ['rewrite ttl suffix test 30', 'rewrite name substring a b']
  t.equal(await isClear('com.svc.test.', ...lines), true)
  const on = ['rewrite continue ttl suffix test 30', 'rewrite name substring a b']
  t.equal(await isClear('com.svc.test.', ...on), false)
})

t.test('the plain end of a pattern is found, and nothing else', async (t) => {
  t.equal(literalTail('(.*)\\.global\\.$'), '.global.')
  t.equal(literalTail('(a|b)\\.test\\.$'), '.test.')
  t.equal(literalTail('a|b\\.test\\.$'), '')
  t.equal(literalTail('[|]b$'), 'b')
  t.equal(literalTail('ab*c$'), 'c')
  t.equal(literalTail('\\dc$'), 'c')
  t.equal(literalTail('\\Qa.\\Ebc$'), '')
  t.equal(literalTail('\\\\.c$'), 'c')
  t.equal(literalTail('test\\$'), '')
  t.equal(literalTail('test'), '')
  t.equal(literalTail('.$'), '')
})

const label = fc.constantFrom('a', 'b', 'ab', 'svc', 'x-a', 'a.b', 'a\\.b')
const names = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const match = fc.constantFrom('exact', 'prefix', 'suffix', 'substring')
const mode = fc.constantFrom('continue', 'stop')
const pattern = fc.constantFrom('(.*)\\.svc\\.$', 'a$', '^a\\.', 'a|b\\.$', '(a|svc)\\.b\\.$', '.*')
const line = fc.oneof(
  fc.tuple(mode, match, names, names).map((words) => `rewrite ${line4('name', words)}`),
  fc.tuple(mode, match, names).map(([m, k, n]) => `rewrite ${m} ttl ${k} ${n} 7`),
  fc.tuple(mode, match, names).map(([m, k, n]) => `rewrite ${m} rcode ${k} ${n} 3 0`),
  fc.tuple(mode, pattern, names).map(([m, p, n]) => `rewrite ${m} name regex ${p} ${n}`),
  fc.tuple(mode, pattern).map(([m, p]) => `rewrite ${m} ttl regex ${p} 9`),
  mode.map((m) => `rewrite ${m} type AAAA A`),
)

function line4(field: string, [mode, kind, from, to]: readonly string[]): string {
  return `${mode} ${field} ${kind} ${from} ${to}`
}

t.test('in a branch that is clear all names get the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 3 }),
      names,
      fc.array(names, { minLength: 1, maxLength: 6 }),
      async (lines, branch, below) => {
        const plugin = await set(...lines)
        if (plugin.clearOf?.(name(`${branch}.`), TYPE.A) !== true) return
        const asked = [branch, ...below.map((front) => `${front}.${branch}`)]
        const replies = asked.map((qname) => told(plugin, qname))
        for (const reply of replies) t.strictSame(reply, replies[0], `${lines} ${asked}`)
      },
    ),
    { numRuns: 400 },
  )
})

/** What a name gets, but for the question; and that it was asked for by its own name. */
function told(plugin: Plugin, qname: string): unknown {
  const query = queryFor(`${qname}. A`, {})
  let seen: Query | undefined
  const reply = plugin.serve(query, (asked) => {
    seen = asked
    return denying.serve(asked, () => t.bailout('never') as never)
  }) as Reply
  const { rcode, authority, flags, lifetime, askedWith } = reply
  const same = seen?.qname === query.qname && reply.question?.qname === query.qname
  return { rcode, authority, flags, lifetime, askedWith, same }
}
