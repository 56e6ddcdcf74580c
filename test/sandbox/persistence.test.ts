import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { aliveCluster, readyPods, until } from './alive.ts'
import { deployment } from './api.ts'

t.test('a cluster with a file goes on where it was', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-sandbox-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'cluster.json')
  const first = await aliveCluster({ file })
  first.create(deployment('web'))
  await until(first, () => readyPods(first).length === 2)
  const uids = readyPods(first).map((pod) => pod.metadata.uid)
  await first.close()
  const { revision } = first.storage
  const second = await aliveCluster({ file })
  t.teardown(() => second.close())
  t.ok(second.storage.revision >= revision)
  t.same(
    readyPods(second).map((pod) => pod.metadata.uid),
    uids,
  )
  t.equal(second.storage.changesAfter(revision - 1), undefined, 'older watches get 410')
})

t.test('a file of something else is refused and left alone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-sandbox-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'notes.json')
  writeFileSync(file, '{"a":1}')
  await t.rejects(aliveCluster({ file }), { name: 'PersistenceError' })
  t.equal(readFileSync(file, 'utf8'), '{"a":1}')
})

t.test('a file that could not be written is told at the start', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-sandbox-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'not-there', 'cluster.json')
  await t.rejects(aliveCluster({ file }), {
    name: 'PersistenceError',
    message: /cluster\.json: its folder cannot be written: ENOENT/,
  })
})
