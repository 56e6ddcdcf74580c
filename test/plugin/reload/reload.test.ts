import t from 'tap'
import { UnreadableCorefile } from '../../../src/corefile/errors.ts'
import { Reloader } from '../../../src/plugin/reload/reload.ts'
import { module as reload, withJitter } from '../../../src/plugin/reload/setup.ts'
import { arrange, arrangeAll, mistake } from '../harness.ts'

t.test('the running configuration is told once, however many blocks have it', async (t) => {
  const chain = await arrangeAll('a.test {\nreload\n}\nb.test {\nreload 10s 0\n}\n', [reload])
  await chain.start()
  t.strictSame(chain.log, ['[INFO] plugin/reload: Running configuration SHA512 = c0ffee'])
  for (const one of chain.shared.values()) await one.close()
})

t.test('the version is shown from the first change on', async (t) => {
  let hash = 'one'
  const host = { configurationHash: () => hash }
  const old = await arrange('reload', [reload], { host })
  await old.start()
  t.strictSame(await old.samples('coredns_reload_version_info'), [])
  for (hash of ['two', 'three']) {
    const { metrics, shared } = old
    const next = await arrange('reload', [reload], { host, metrics, shared })
    await next.start()
    t.strictSame(await next.samples('coredns_reload_version_info'), [
      `coredns_reload_version_info{hash="sha512",value="${hash}"} 1`,
    ])
  }
  for (const one of old.shared.values()) await one.close()
})

t.test('a Corefile that is refused is told and counted', async (t) => {
  const asked: boolean[] = []
  const chain = await arrange('', [], {
    host: {
      reload: async (force) => {
        asked.push(force)
        throw new Error('Corefile:3 - Error during parsing: no')
      },
    },
  })
  const reloader = new Reloader(chain.host, chain.logger.plugin('reload'), chain.metrics)
  await Promise.all([reloader.look(), reloader.look()])
  t.strictSame(asked, [false])
  t.strictSame(chain.log, [
    '[ERROR] plugin/reload: Corefile changed but reload failed: Corefile:3 - Error during parsing: no',
  ])
  t.strictSame(await chain.samples('coredns_reload_failed_total '), [
    'coredns_reload_failed_total 1',
  ])
})

t.test('a Corefile whose form is wrong is told at each look, and not counted', async (t) => {
  const chain = await arrange('', [], {
    host: {
      reload: async () => {
        throw new UnreadableCorefile('Corefile:3 - Error during parsing: Unexpected EOF')
      },
    },
  })
  const reloader = new Reloader(chain.host, chain.logger.plugin('reload'), chain.metrics)
  await reloader.look()
  await reloader.look()
  const line =
    '[WARNING] plugin/reload: Corefile parse failed: Corefile:3 - Error during parsing: Unexpected EOF'
  t.strictSame(chain.log, [line, line])
  t.strictSame(await chain.samples('coredns_reload_failed_total '), [
    'coredns_reload_failed_total 0',
  ])
})

t.test('the jitter is half of itself either way, and at most half the interval', async (t) => {
  t.equal(
    withJitter(30_000, 15_000, () => 0),
    22_500,
  )
  t.equal(
    withJitter(30_000, 15_000, () => 0.5),
    30_000,
  )
  t.equal(
    withJitter(4000, 60_000, () => 0),
    3000,
  )
  t.equal(
    withJitter(4000, 0, () => 0),
    4000,
  )
})

t.test('mistakes are told', async (t) => {
  const say = (line: string) => mistake(line, [reload])
  t.equal(await say('reload x'), 'time: invalid duration "x"')
  t.equal(await say('reload 1s'), 'interval value must be greater or equal to 2s')
  t.equal(await say('reload 30s 10ms'), 'jitter value must be 0 or greater or equal to 1s')
  t.match(await say('reload 30s 15s 5s'), /after '5s'/)
})
