import t from 'tap'
import { module as cache } from '../../../src/plugin/cache/setup.ts'
import { module as header } from '../../../src/plugin/header/setup.ts'
import { ALWAYS, ONCE, until, whileStanding } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { giveUp, type Reply, replyTo } from '../../../src/plugin/reply.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { FLAG } from '../../../src/wire/header.ts'
import { arrange, type Chain, CountedVersions, rr } from '../harness.ts'

const SOA = rr('test. 60 IN SOA ns.test. a.test. 1 2 3 4 30')

/** A chain of cache and a plugin whose replies the test chooses; the clock stands still unless moved. */
async function caching(options: string, respond: () => Partial<Reply>, by = 'backend') {
  const clock = { ms: 1_000_000 }
  const asked = { times: 0 }
  const backend: Plugin = {
    name: by,
    keepsLifetimes: true,
    serve: (query) => {
      asked.times++
      const reply = replyTo(query, by)
      return { ...reply, flags: reply.flags | FLAG.AA, ...respond() }
    },
  }
  const versions = new CountedVersions()
  const chain = await arrange(`cache ${options}`, [cache], {
    backend,
    versions,
    host: { now: () => clock.ms, random: () => 0 },
  })
  return { chain, clock, asked, versions }
}

const address = (last: number, ttl = 60) => rr(`a.test. ${ttl} IN A 192.0.2.${last}`)
const ask = (chain: Chain) => chain.ask('a.test. A')

t.test('what nobody wrote has RD as the client sent it', async (t) => {
  const backend: Plugin = {
    name: 'backend',
    serve: (query) => giveUp(query, 'backend', RCODE.SERVFAIL, 'no luck'),
  }
  const lines = 'cache\nheader {\n query clear rd\n}'
  const chain = await arrange(lines, [cache, header], { backend })
  t.match(await chain.ask('a.test. A'), /^SERVFAIL qr rd/)
})

t.test('an answer of the cluster is dead when its version is, whatever its TTL says', async (t) => {
  let last = 1
  const slot = new CountedVersions().slot('service:shop/web')
  const { chain, versions, asked } = await caching(
    '{\n serve_stale\n}',
    () => ({
      answer: [address(last)],
      lifetime: whileStanding([{ slot, version: versions.read(slot) }]),
    }),
    'kubernetes',
  )
  versions.slot('service:shop/web')
  t.match(await ask(chain), /192\.0\.2\.1$/)
  t.match(await ask(chain), /192\.0\.2\.1$/)
  t.equal(asked.times, 1)
  last = 2
  versions.bump(['service:shop/web'])
  t.match(await ask(chain), /192\.0\.2\.2$/)
})

t.test('an answer of the cluster that is over is asked for anew, never served stale', async (t) => {
  let last = 1
  const { chain, clock } = await caching(
    '{\n serve_stale 1h immediate\n}',
    () => ({ answer: [address(last, 5)], lifetime: whileStanding([{ slot: 3, version: 0 }]) }),
    'kubernetes',
  )
  await ask(chain)
  last = 2
  clock.ms += 5001
  t.match(await ask(chain), /^NOERROR qr aa rd\na\.test\. 5 IN A 192\.0\.2\.2$/)
})

t.test('what another server said may be stale, and is refreshed behind the client', async (t) => {
  let last = 1
  const { chain, clock, asked } = await caching('{\n serve_stale 1h immediate\n}', () => ({
    answer: [address(last, 5)],
    lifetime: ONCE,
  }))
  await ask(chain)
  last = 2
  clock.ms += 5001
  t.match(await ask(chain), /a\.test\. 0 IN A 192\.0\.2\.1$/)
  await new Promise(setImmediate)
  t.equal(asked.times, 2)
  t.match(await ask(chain), /a\.test\. 5 IN A 192\.0\.2\.2$/)
})

t.test('an answer of the cluster without versions is not kept', async (t) => {
  const { chain, asked } = await caching('30', () => ({ answer: [address(1)] }), 'kubernetes')
  await ask(chain)
  t.match(await ask(chain), /a\.test\. 30 IN A 192\.0\.2\.1$/)
  t.equal(asked.times, 2)
})

t.test('replies last until the item is over, and while versions stand', async (t) => {
  const versions = [{ slot: 7, version: 0 }]
  const { chain, clock } = await caching('30', () => ({
    answer: [address(1)],
    lifetime: whileStanding(versions),
  }))
  const end = clock.ms + 30_000
  t.strictSame((await chain.reply('a.test. A')).lifetime, until(end, versions))
  clock.ms += 10_400
  const hit = await chain.reply('a.test. A')
  t.strictSame(hit.lifetime, until(end, versions))
  t.equal(hit.answer[0]?.ttl, 20)
})

t.test('a first reply without AA is for its client alone, since the kept one has it', async (t) => {
  const { chain, clock } = await caching('30', () => ({
    flags: FLAG.QR | FLAG.RD | FLAG.RA,
    answer: [address(1)],
  }))
  t.equal((await chain.reply('a.test. A')).lifetime, ONCE)
  t.strictSame((await chain.reply('a.test. A')).lifetime, until(clock.ms + 30_000))
})

t.test(
  'with prefetch, replies last until the item is due for it, and repetitions count as hits',
  async (t) => {
    const { chain, clock, asked } = await caching('{\n prefetch 3 1m 50%\n}', () => ({
      answer: [address(1)],
      lifetime: ALWAYS,
    }))
    await chain.reply('a.test. A')
    const hit = await chain.reply('a.test. A')
    t.strictSame(hit.lifetime, until(clock.ms + 30_000))
    for (const count of hit.counts) {
      count.inc(2, { times: 2, proto: 'udp', family: 1, queryOctets: 0, nameOctets: 0, seconds: 0 })
    }
    clock.ms += 31_000
    await ask(chain)
    await new Promise(setImmediate)
    t.equal(asked.times, 2)
    const labels = '{server="dns://:53",zones=".",view=""}'
    t.strictSame(await chain.samples('coredns_cache_prefetch_total'), [
      `coredns_cache_prefetch_total${labels} 1`,
    ])
    t.strictSame(await chain.samples('coredns_cache_requests_total'), [
      `coredns_cache_requests_total${labels} 5`,
    ])
  },
)

t.test(
  "a branch's denial goes on as it is: for the whole branch, while its versions stand",
  async (t) => {
    const lifetime = whileStanding([{ slot: 9, version: 0 }])
    const denial = { rcode: 3, authority: [SOA], lifetime, deniedBelow: 2 }
    const { chain, asked } = await caching('30', () => denial, 'kubernetes')
    for (let i = 0; i < 2; i++) {
      const reply = await chain.reply('a.test. A')
      t.strictSame([reply.lifetime, reply.deniedBelow, reply.authority[0]?.ttl], [lifetime, 2, 30])
    }
    t.equal(asked.times, 2)
    t.equal(chain.plugin('cache').clearOf?.('\x04test\0' as never, 1), true)
  },
)

t.test(
  'where there is no room another item goes, and the gauge tells how many there are',
  async (t) => {
    const { chain } = await caching('{\n success 1\n}', () => ({}))
    for (let i = 0; i < 1030; i++) await chain.reply(`n${i}.test. A`)
    const labels = 'server="dns://:53",type="success",zones=".",view=""'
    t.ok(
      (await chain.samples('coredns_cache_entries')).includes(
        `coredns_cache_entries{${labels}} 1024`,
      ),
    )
    t.ok(
      (await chain.samples('coredns_cache_evictions_total')).includes(
        `coredns_cache_evictions_total{${labels}} 6`,
      ),
    )
  },
)

t.test('an rcode without a message, and silence, pass as they are', async (t) => {
  for (const kind of ['rcode', 'silence'] as const) {
    const { chain, asked } = await caching('30', () => ({ kind, rcode: 2, error: 'why' }))
    for (let i = 0; i < 2; i++) t.match(await chain.reply('a.test. A'), { kind, error: 'why' })
    t.equal(asked.times, 2)
  }
})
