import t from 'tap'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { module as ready } from '../../../src/plugin/ready/setup.ts'
import { arrange, arrangeAll, type Chain, mistake, replying } from '../harness.ts'

const ADDRESS = '127.0.0.1:0'

/** A plugin whose readiness the test decides. */
function becoming(name: string): Plugin & { isReady: boolean } {
  return { ...replying({}), name, isReady: false, ready: () => state.get(name) ?? false } as never
}
const state = new Map<string, boolean>()

async function probe(chain: Chain): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${chain.http.port(ADDRESS)}/ready`)
  return `${answer.status} ${await answer.text()}`
}

t.beforeEach(() => state.clear())

t.test('it names the plugins that are not ready, and forgets those that were once', async (t) => {
  const chain = await arrange(`ready ${ADDRESS}`, [ready], { backend: becoming('kubernetes') })
  await chain.start()
  t.equal(await probe(chain), '503 kubernetes')
  t.strictSame(chain.log, ['[INFO] plugin/ready: Plugins not ready: "kubernetes"'])
  state.set('kubernetes', true)
  t.equal(await probe(chain), '200 OK')
  state.set('kubernetes', false)
  t.equal(await probe(chain), '200 OK')
  await chain.stop()
})

t.test('continuously asks on', async (t) => {
  const chain = await arrange(`ready ${ADDRESS} {\nmonitor continuously\n}`, [ready], {
    backend: becoming('erratic'),
  })
  await chain.start()
  state.set('erratic', true)
  t.equal(await probe(chain), '200 OK')
  state.set('erratic', false)
  t.equal(await probe(chain), '503 erratic')
  await chain.stop()
})

t.test('one page speaks for the plugins of all blocks that have ready', async (t) => {
  const chain = await arrangeAll(
    `a.test {\nready ${ADDRESS}\n}\nb.test {\nready ${ADDRESS}\n}\nc.test {\n}\n`,
    [ready],
  )
  for (const [i, name] of ['one', 'another', 'unasked'].entries()) {
    chain.blocks[i]?.plugins.push(becoming(name))
  }
  await chain.start()
  t.equal(await probe(chain), '503 another,one')
  await chain.stop()
})

t.test('what a ready plugin wants to be known follows', async (t) => {
  const chain = await arrange(`ready ${ADDRESS}`, [ready], {
    backend: { ...becoming('kubernetes'), readyNote: () => 'from a snapshot' },
  })
  await chain.start()
  t.equal(await probe(chain), '503 kubernetes')
  state.set('kubernetes', true)
  t.equal(await probe(chain), '200 OK\nkubernetes: from a snapshot')
  await chain.stop()
})

t.test('when the process ends the page is gone before anything else', async (t) => {
  const chain = await arrange(`ready ${ADDRESS}`, [ready])
  await chain.start()
  await chain.stop(true)
  t.equal(chain.http.port(ADDRESS), undefined)
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  t.equal(await mistake('ready bla', [ready]), 'address bla: missing port in address')
  t.equal(
    await mistake('ready {\nmonitor 404\n}', [ready]),
    `${at} monitor type '404' not supported`,
  )
  t.equal(await mistake('ready {\nmonitro x\n}', [ready]), `${at} unknown property 'monitro'`)
})
