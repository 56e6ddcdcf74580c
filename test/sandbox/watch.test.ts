import t from 'tap'
import type { Clock } from '../../src/sandbox/clock.ts'
import { startApiServer } from '../../src/sandbox/index.ts'
import { service, WatchReader } from './api.ts'

/** A clock that stands still until it is told to go. */
class HandClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z')
  #tasks: { at: number; task: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((one) => one !== entry)
    }
  }

  advance(ms: number): void {
    this.#now += ms
    const due = this.#tasks.filter((one) => one.at <= this.#now)
    this.#tasks = this.#tasks.filter((one) => one.at > this.#now)
    for (const one of due) one.task()
  }
}

const all = '/api/v1/services?watch=true'

t.test('a watch without a revision begins with the present state', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  cluster.create(service('a'))
  const watch = await WatchReader.open(cluster, all)
  t.same(await watch.take(1), ['ADDED a'])
  cluster.update(service('a', { clusterIP: 'None' }))
  cluster.delete(service('a'))
  t.same(await watch.take(2), ['MODIFIED a', 'DELETED a'])
})

t.test('a watch goes on after its revision without a gap', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const { metadata } = cluster.create(service('a'))
  cluster.create(service('b'))
  cluster.create(service('elsewhere', { namespace: 'other' }))
  const path = `/api/v1/namespaces/default/services?watch=1&resourceVersion=${metadata.resourceVersion}`
  const watch = await WatchReader.open(cluster, path)
  cluster.create(service('c'))
  t.same(await watch.take(2), ['ADDED b', 'ADDED c'])
})

t.test(
  'an object that leaves the selector is deleted for the watch, with its last matching state',
  async (t) => {
    const cluster = await startApiServer()
    t.teardown(() => cluster.close())
    const watch = await WatchReader.open(cluster, `${all}&labelSelector=on%3Dyes&resourceVersion=1`)
    cluster.create(service('a', { labels: { on: 'no' } }))
    cluster.update(service('a', { labels: { on: 'yes' } }))
    const left = cluster.update(service('a', { labels: { on: 'no' } }))
    cluster.update(service('a', { labels: { on: 'yes' }, clusterIP: 'None' }))
    t.same(await watch.take(1), ['ADDED a'])
    const gone = await watch.next()
    t.equal(gone.type, 'DELETED')
    t.equal(gone.object.metadata.labels.on, 'yes')
    t.equal(gone.object.metadata.resourceVersion, left.metadata.resourceVersion)
    t.same(await watch.take(1), ['ADDED a'])
  },
)

t.test('a streaming list ends with the bookmark that says so', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  cluster.create(service('b'))
  cluster.create(service('a'))
  const query = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const watch = await WatchReader.open(cluster, all + query)
  t.same(await watch.take(2), ['ADDED a', 'ADDED b'])
  const bookmark = await watch.next()
  t.equal(bookmark.type, 'BOOKMARK')
  t.equal(bookmark.object.kind, 'Service')
  t.equal(bookmark.object.metadata.resourceVersion, String(cluster.storage.revision))
  t.same(bookmark.object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' })
  cluster.create(service('c'))
  t.same(await watch.take(1), ['ADDED c'])
})

t.test('a revision that is compacted gives an ERROR event and the end', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const { metadata } = cluster.create(service('a'))
  cluster.create(service('b'))
  cluster.compact()
  const watch = await WatchReader.open(
    cluster,
    `${all}&resourceVersion=${metadata.resourceVersion}`,
  )
  const event = await watch.next()
  t.equal(event.type, 'ERROR')
  t.equal(event.object.code, 410)
  t.equal(event.object.reason, 'Expired')
  t.equal(await watch.next(), undefined)
})

t.test('bookmarks come at their interval, and a last one before the time-out', async (t) => {
  const clock = new HandClock()
  const cluster = await startApiServer({ clock, bookmarkIntervalMs: 1_000 })
  t.teardown(() => cluster.close())
  const query = '&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=3'
  const watch = await WatchReader.open(cluster, all + query)
  cluster.create(service('a', { namespace: 'x' }))
  clock.advance(1_000)
  t.same(await watch.take(2), ['ADDED a', 'BOOKMARK'])
  clock.advance(2_000)
  const rest = await watch.take(9)
  t.equal(rest.at(-1), 'BOOKMARK')
})

t.test('refusals of a watch have a status of their own', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const code = async (query: string) => (await fetch(`${cluster.url}${all}${query}`)).status
  t.equal(await code('&labelSelector=a+b'), 400)
  t.equal(await code('&fieldSelector=spec.x%3D1'), 400)
  t.equal(await code('&resourceVersion=x'), 500, 'the API server’s own code for it')
  t.equal(await code('&sendInitialEvents=true'), 422)
  t.equal(await code('&resourceVersionMatch=NotOlderThan'), 422)
})

t.test('table watches name the columns once', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  const watch = await WatchReader.open(cluster, all, { accept })
  cluster.create(service('a'))
  cluster.create(service('b'))
  const [first, second] = [await watch.next(), await watch.next()]
  t.equal(first.object.columnDefinitions[0].name, 'Name')
  t.equal(second.object.columnDefinitions, null)
  t.equal(second.object.rows[0].cells[0], 'b')
})
