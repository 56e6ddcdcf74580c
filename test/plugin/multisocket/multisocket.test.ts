import { availableParallelism } from 'node:os'
import t from 'tap'
import { module as multisocket } from '../../../src/plugin/multisocket/setup.ts'
import { arrange, mistake } from '../harness.ts'

const sockets = async (line: string) =>
  (await arrange(line, [multisocket])).blocks[0]?.settings.sockets

t.test('the number of sockets goes to the block; as many as processors without', async (t) => {
  t.equal(await sockets('multisocket 3'), 3)
  t.equal(await sockets('multisocket 1024'), 1024)
  t.equal(await sockets('multisocket'), availableParallelism())
})

t.test('mistakes are told', async (t) => {
  const say = (line: string) => mistake(line, [multisocket])
  t.equal(await say('multisocket 0'), 'num sockets can not be zero or negative: 0')
  t.equal(await say('multisocket 1025'), 'num sockets exceeds maximum (1024): 1025')
  t.equal(
    await say('multisocket x'),
    'invalid num sockets: strconv.Atoi: parsing "x": invalid syntax',
  )
  t.match(await say('multisocket 1 2'), /after '2'/)
})
