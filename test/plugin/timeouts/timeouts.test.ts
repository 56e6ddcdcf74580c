import t from 'tap'
import { module as timeouts } from '../../../src/plugin/timeouts/setup.ts'
import { arrange, mistake } from '../harness.ts'

t.test('settings go to the block, numbers without unit in seconds', async (t) => {
  const lines = 'timeouts {\nread 90\nwrite 1.5s\nidle 24h\nmaxtcpqueries 7\n}'
  const chain = await arrange(lines, [timeouts])
  t.strictSame(chain.blocks[0]?.settings.timeouts, {
    readMs: 90_000,
    writeMs: 1500,
    idleMs: 86_400_000,
    maxTcpQueries: 7,
  })
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  const say = (line: string) => mistake(`timeouts {\n${line}\n}`, [timeouts])
  t.equal(
    await mistake('timeouts {\n}', [timeouts]),
    `plugin/timeouts: ${at} timeouts block with no timeouts specified`,
  )
  t.equal(await say('read quickly'), `${at} failed to parse duration 'quickly'`)
  t.equal(
    await say('read 25h'),
    `${at} timeout provided '25h0m0s' needs to be between 1 second and 24 hours`,
  )
  t.equal(await say('speed 5s'), `${at} unknown option: 'speed'`)
  t.equal(
    await say('maxtcpqueries 0'),
    `${at} maxtcpqueries provided '0' needs to be -1 (unlimited) or a positive integer`,
  )
  t.equal(
    await say('maxtcpqueries x'),
    `${at} invalid value for maxtcpqueries 'x': strconv.Atoi: parsing "x": invalid syntax`,
  )
})
