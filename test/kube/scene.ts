import { NO_OBSERVER, type Observer } from '../../src/kube/observer.ts'
import { type OpenStore, openStore, type StoreConfig } from '../../src/kube/open.ts'
import type { Logger } from '../../src/log.ts'
import { FakeApi } from './fake-api.ts'
import { HandClock } from './hand-clock.ts'
import { namespace, service, slice } from './objects.ts'

/** A log that keeps its lines. */
export function keptLog(): Logger & { lines: string[] } {
  const lines: string[] = []
  const say = (text: string): void => void lines.push(text)
  const log = { lines, debug: say, info: say, warning: say, error: say, plugin: () => log }
  return log
}

export interface Scene {
  api: FakeApi
  open: OpenStore
  store: OpenStore['store']
  clock: HandClock
  /** What the observer was told of, as `RESOURCE what`. */
  told: string[]
  lines: string[]
}

/** A server with a few objects and a store over it, both gone when the test is over. */
export async function scene(
  test: { teardown(end: () => Promise<void>): void },
  config: Partial<StoreConfig> = {},
  prepare: (api: FakeApi) => void = () => {},
): Promise<Scene> {
  const api = new FakeApi()
  api.put('namespaces', namespace('shop'))
  api.put('services', service('db', 'shop', { clusterIP: 'None' }))
  api.put('endpointslices', slice('db-1', 'shop', 'db', ['10.1.0.1', '10.1.0.2']))
  prepare(api)
  const endpoint = await api.listen()
  const clock = new HandClock()
  const log = keptLog()
  const told: string[] = []
  const observer: Observer = {
    ...NO_OBSERVER,
    resync: (resource, reason) => void told.push(`${resource} ${reason}`),
    silence: (resource) => void told.push(`${resource} silence`),
    repaired: (resource, count) => void told.push(`${resource} repaired ${count}`),
  }
  const open = await openStore(
    { endpoint, endpoints: true, pods: false, multicluster: false, ...config },
    { log, clock, observer },
  )
  test.teardown(async () => {
    await open.stop()
    await api.close()
  })
  open.start()
  return { api, open, store: open.store, clock, told, lines: log.lines }
}

/** Lets the event loop turn until it is so. The clock moves only as far as `advanceMs` says, each turn. */
export async function until(so: () => boolean, clock?: HandClock, advanceMs = 0): Promise<void> {
  for (let turn = 0; turn < 30_000; turn++) {
    if (so()) return
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (advanceMs > 0) clock?.advance(advanceMs)
  }
  throw new Error('it never came to that')
}
