import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { ALWAYS, ONCE } from '../../../src/plugin/lifetime.ts'
import { module as loadbalance } from '../../../src/plugin/loadbalance/setup.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { until } from '../../until.ts'
import { arrange, mistake, replay, replying, rr, rrText } from '../harness.ts'
import { plainHosts } from '../plain-hosts.ts'

const ADDRESSES = [1, 2, 3].map((i) => rr(`a.test. 60 IN A 192.0.2.${i}`))
const last = (text: string) => text.split(' ').at(-1)

t.test('addresses come in every order, about as often each', async (t) => {
  const backend = replying({ answer: ADDRESSES, lifetime: ALWAYS })
  const chain = await arrange('loadbalance', [loadbalance], { backend })
  const seen = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const order = (await chain.reply('a.test A')).answer.map((rr) => last(rrText(rr))).join()
    seen.set(order, (seen.get(order) ?? 0) + 1)
  }
  t.equal(seen.size, 6)
  // Six orders, 1000 each expected: far more than six standard deviations either way is a broken shuffle.
  for (const count of seen.values()) t.ok(count > 800 && count < 1200, String(count))
})

t.test("the store's own list keeps its order", async (t) => {
  const answer = Object.freeze([...ADDRESSES])
  const chain = await arrange('loadbalance', [loadbalance], { backend: replying({ answer }) })
  for (let i = 0; i < 5; i++) t.equal((await chain.reply('a.test A')).answer.length, 3)
  t.strictSame(answer, ADDRESSES)
})

t.test('CNAMEs come first, then other records, addresses and mail exchangers', async (t) => {
  const texts = [
    'x.test. 60 IN MX 10 m.test.',
    'x.test. 60 IN A 192.0.2.1',
    'x.test. 60 IN TXT "t"',
    'a.test. 60 IN CNAME x.test.',
    'x.test. 60 IN AAAA 2001:db8::1',
  ]
  const backend = replying({ answer: texts.map(rr), additional: texts.map(rr) })
  const chain = await arrange('loadbalance round_robin', [loadbalance], { backend })
  const { answer, additional } = await chain.reply('a.test A')
  for (const section of [answer, additional]) {
    const kinds = section.map((rr) => rrText(rr).split(' ')[3])
    t.strictSame(
      kinds.map((kind) => (kind === 'AAAA' ? 'A' : kind)),
      ['CNAME', 'TXT', 'A', 'A', 'MX'],
    )
  }
})

t.test('a reply with a choice stays repeatable and says that repetitions rotate', async (t) => {
  const many = replying({ answer: ADDRESSES, lifetime: ALWAYS })
  const chain = await arrange('loadbalance', [loadbalance], { backend: many })
  const reply = await chain.reply('a.test A')
  t.equal(reply.rotates, true)
  t.equal(reply.lifetime, ALWAYS)
  const one = replying({ answer: ADDRESSES.slice(1, 2), lifetime: ALWAYS })
  const single = await arrange('loadbalance', [loadbalance], { backend: one })
  t.equal((await single.reply('a.test A')).rotates, false)
})

t.test('transfers, other rcodes and replies that nobody wrote are left alone', async (t) => {
  const nx = await arrange('loadbalance', [loadbalance], {
    backend: replying({ rcode: RCODE.NXDOMAIN, answer: ADDRESSES }),
  })
  t.equal((await nx.reply('a.test A')).answer, ADDRESSES)
  const axfr = await arrange('loadbalance', [loadbalance], {
    backend: replying({ answer: ADDRESSES }),
  })
  t.equal((await axfr.reply('a.test AXFR')).answer, ADDRESSES)
  const given = await arrange('loadbalance', [loadbalance], {
    backend: replying({ kind: 'rcode', answer: ADDRESSES }),
  })
  t.equal((await given.reply('a.test A')).answer, ADDRESSES)
  t.equal(nx.plugin('loadbalance').clearOf?.(rr('a.test. 1 IN A 1.1.1.1').owner, 1), true)
})

t.test('preferred ranges come first, and every query is asked anew', async (t) => {
  const lines = 'loadbalance {\nprefer 192.0.2.2/32 192.0.2.3/32\nprefer 2001:db8::/32\n}'
  const answer = [...ADDRESSES, rr('a.test. 60 IN AAAA 2001:db8::9')]
  const chain = await arrange(lines, [loadbalance], {
    backend: replying({ answer, lifetime: ALWAYS }),
  })
  const reply = await chain.reply('a.test A')
  t.strictSame(
    reply.answer.map((rr) => last(rrText(rr))),
    ['192.0.2.2', '192.0.2.3', '2001:db8::9', '192.0.2.1'],
  )
  t.equal(reply.lifetime, ONCE)
})

t.test('weighted puts an address first as often as its weight says', async (t) => {
  const file = join(t.testdir(), 'weights')
  writeFileSync(file, '# shop\na.test\n192.0.2.1 3\n\n192.0.2.2 1\nb.test.\n192.0.2.9 255\n')
  const backend = replying({ answer: ADDRESSES.slice(0, 2), lifetime: ALWAYS })
  const chain = await arrange(`loadbalance weighted ${file}`, [loadbalance], { backend })
  await chain.start()
  let first = 0
  for (let i = 0; i < 4000; i++) {
    const reply = await chain.reply('A.test A')
    if (last(rrText(reply.answer[0] as never)) === '192.0.2.1') first++
    if (i === 0) t.equal(reply.lifetime, ONCE)
  }
  t.ok(first > 2700 && first < 3300, `three quarters of 4000: ${first}`)
  t.strictSame(chain.log, [`[INFO] plugin/loadbalance: Successfully reloaded weight file ${file}`])
  await chain.stop()
})

t.test('weights are read again, and a wrong file leaves the old ones', async (t) => {
  const file = join(t.testdir(), 'weights')
  const chain = await arrange(`loadbalance weighted ${file} {\nreload 10ms\n}`, [loadbalance], {
    backend: replying({ answer: ADDRESSES }),
  })
  await chain.start()
  t.equal(
    chain.log[0],
    '[WARNING] plugin/loadbalance: Failed to open weight file:weight file open error. Will try again in 10ms',
  )
  const told = (text: string) => until(() => chain.log.some((line) => line.includes(text)))
  writeFileSync(file, 'a.test\n192.0.2.1 255\n')
  await told('Successfully reloaded')
  writeFileSync(file, 'a.test\n192.0.2.1 256\n')
  await told(`wrong weight value:"256" in weight file ${file}`)
  await chain.stop()
  t.pass('both were told')
})

t.test('a file that is wrong, or missing and never read again, ends the start', async (t) => {
  const dir = t.testdir({
    bad: '192.0.2.1 3\n',
    name: '192.0.2.1\n',
    long: 'a b c\n',
    ip: 'a\nb 1\n',
  })
  const failure = async (file: string, block = '') => {
    const chain = await arrange(`loadbalance weighted ${dir}/${file} ${block}`, [loadbalance])
    return chain.start().then(
      () => '',
      (error: Error) => error.message.replaceAll(`${dir}/`, ''),
    )
  }
  t.equal(await failure('none', '{\nreload 0\n}'), 'plugin/loadbalance: weight file open error')
  t.equal(await failure('bad'), 'plugin/loadbalance: missing domain name in weight file bad')
  t.equal(
    await failure('name'),
    'plugin/loadbalance: wrong domain name:"192.0.2.1" in weight file name. (Maybe a missing weight value?)',
  )
  t.equal(
    await failure('long'),
    'plugin/loadbalance: could not parse weight line:"a b c" in weight file long',
  )
  t.equal(await failure('ip'), 'plugin/loadbalance: wrong IP address:"b" in weight file ip')
})

t.test('mistakes are told', async (t) => {
  const at = (line: number) => `Corefile:${line} - Error during parsing:`
  const say = (text: string) => mistake(text, [loadbalance])
  t.equal(await say('loadbalance fairest'), 'unknown policy: fairest')
  t.equal(await say('loadbalance round_robin x'), `${at(2)} unknown property for round_robin`)
  t.equal(await say('loadbalance weighted'), `${at(2)} missing weight file argument`)
  t.equal(await say('loadbalance weighted a b'), `${at(2)} unexpected argument(s)`)
  t.equal(
    await say('loadbalance weighted a {\nreload x\n}'),
    `${at(3)} invalid reload duration 'x'`,
  )
  t.equal(
    await say('loadbalance {\nprefer 10.0.0.0/33\n}'),
    `${at(3)} invalid CIDR "10.0.0.0/33": invalid CIDR address: 10.0.0.0/33`,
  )
})

t.test('the recording of weighted agrees', async (t) => {
  t.strictSame(await replay('loadbalance-weighted', [bind, loadbalance, plainHosts]), [])
})
