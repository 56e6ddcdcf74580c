import t from 'tap'
import { resource } from '../../src/sandbox/resources.ts'
import { ApiError } from '../../src/sandbox/status.ts'
import { Storage } from '../../src/sandbox/storage.ts'
import type { ApiObject } from '../../src/sandbox/types.ts'

const services = resource('v1', 'Service')
const pods = resource('v1', 'Pod')

function object(name: string, mark = ''): ApiObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'a' }, mark }
}

function names(list: readonly ApiObject[]): string[] {
  return list.map((one) => `${one.metadata.name}${one.mark}`)
}

t.test('every change of any resource gets the next revision', async (t) => {
  const storage = new Storage()
  const first = storage.put(services, object('x'))
  const second = storage.put(pods, object('y'))
  t.equal(Number(second.metadata.resourceVersion), Number(first.metadata.resourceVersion) + 1)
  t.equal(storage.revision, Number(second.metadata.resourceVersion))
})

t.test('a list can be had as it was at an earlier revision', async (t) => {
  const storage = new Storage()
  storage.put(services, object('a', '1'))
  storage.put(services, object('b', '1'))
  const then = storage.revision
  storage.put(services, object('a', '2'))
  storage.remove(services, 'a', 'b')
  storage.put(services, object('c', '1'))
  t.same(names(storage.listAt(services, then)), ['a1', 'b1'])
  t.same(names(storage.list(services)), ['a2', 'c1'])
})

t.test('what is compacted is expired for lists and unknown to watches', async (t) => {
  const storage = new Storage()
  storage.put(services, object('a'))
  const then = storage.revision
  storage.put(services, object('b'))
  storage.compact()
  t.throws(() => storage.listAt(services, then), ApiError)
  t.equal(storage.changesAfter(then), undefined)
  t.same(storage.changesAfter(storage.revision), [])
})

t.test('the history keeps at least its bound and at most twice that', async (t) => {
  const storage = new Storage({ historyEvents: 10 })
  const start = storage.revision
  for (let count = 0; count < 200; count++) {
    storage.put(services, object('a', String(count)))
    const kept = storage.revision - Math.max(storage.compacted, start)
    t.ok(kept >= Math.min(10, count + 1) && kept <= 20, `after ${count + 1} changes: ${kept}`)
  }
  t.equal(storage.changesAfter(start), undefined)
})

t.test('a subscriber that writes does not change the order that others see', async (t) => {
  const storage = new Storage()
  const seen: string[] = []
  storage.subscribe((change) => {
    if (change.object.metadata.name === 'a') storage.put(services, object('b'))
  })
  storage.subscribe((change) => seen.push(change.object.metadata.name))
  storage.put(services, object('a'))
  t.same(seen, ['a', 'b'])
})
