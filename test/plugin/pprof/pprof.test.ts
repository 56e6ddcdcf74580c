import t from 'tap'
import { module as pprof } from '../../../src/plugin/pprof/setup.ts'
import { arrange, mistake } from '../harness.ts'

const ADDRESS = '127.0.0.1:0'

t.test('profiles of the processor and of the heap are served, one at a time', async (t) => {
  const chain = await arrange(`pprof ${ADDRESS}`, [pprof])
  await chain.start()
  const get = (path: string) =>
    fetch(`http://127.0.0.1:${chain.http.port(ADDRESS)}/debug/pprof${path}`)
  t.match(await (await get('')).text(), 'heapsnapshot')
  const [cpu, second] = await Promise.all([get('/profile?seconds=3'), get('/heap?seconds=3')])
  t.strictSame([cpu.status, second.status].sort(), [200, 503])
  const profile = cpu.status === 200 ? cpu : second
  t.ok(Object.keys((await profile.json()) as object).length > 0)
  await (cpu.status === 200 ? second : cpu).text()
  const heap = (await (await get('/heap?seconds=0.01')).json()) as object
  t.match(Object.keys(heap), ['head', 'samples'])
  const processor = (await (await get('/profile?seconds=0.01')).json()) as object
  t.match(Object.keys(processor), ['nodes'])
  await chain.stop()
})

t.test('a heap snapshot is whole', async (t) => {
  const chain = await arrange(`pprof ${ADDRESS}`, [pprof])
  await chain.start()
  const port = chain.http.port(ADDRESS)
  const snapshot = await fetch(`http://127.0.0.1:${port}/debug/pprof/heapsnapshot`)
  const { nodes } = (await snapshot.json()) as { nodes: number[] }
  t.ok(nodes.length > 0)
  await chain.stop()
})

t.test('block is accepted with a line that says why it does nothing', async (t) => {
  const chain = await arrange('pprof {\nblock 10\n}', [pprof])
  t.match(chain.log, [/WARNING.*block has no effect/])
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  t.equal(
    await mistake('pprof bla', [pprof]),
    'Corefile:2 - Error during parsing: address bla: missing port in address',
  )
  t.equal(
    await mistake('pprof {\nblock x\n}', [pprof]),
    `${at} property 'block' invalid integer value 'x'`,
  )
  t.equal(await mistake('pprof {\nmutex\n}', [pprof]), `${at} unknown property 'mutex'`)
})
