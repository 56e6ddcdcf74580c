import { randomInt } from 'node:crypto'
import type { Registry } from '../admin/metrics.ts'
import { type Logger, stackOf } from '../log.ts'
import { DataPlane } from '../net/plane.ts'
import { Table } from '../table/table.ts'
import { tellLimits } from './limits.ts'
import type { Observer } from './observe/observer.ts'
import { tellRepeat } from './publish.ts'
import { Stillness } from './stillness.ts'
import { Utilisation } from './utilisation.ts'

/** How often repetitions are counted and memory is moved on, whether or not anyone asks for the metrics. */
const COLLECT_MS = 1000
const FAILURE_SAID_EVERY_MS = 10_000
const MIB = 1 << 20

export interface DataPlaneParts {
  readonly log: Logger
  readonly metrics: Registry
  /** The counters that replies' versions are read from. */
  readonly versions: Int32Array<SharedArrayBuffer>
  readonly threads: number
  /** 0 for no table. */
  readonly tableMib: number
  readonly observer: Observer
}

/** The data threads, the answer table, and their metrics. */
export function makeDataPlane({
  log,
  metrics,
  versions,
  threads,
  tableMib,
  observer,
}: DataPlaneParts): {
  readonly plane: DataPlane
  readonly table: Table | undefined
  /** To be told of what went wrong outside of all plugins. */
  readonly onFailure: (error: unknown) => void
  /** What is the matter with the data threads; undefined while nothing is. */
  ailment(): string | undefined
  close(): Promise<void>
} {
  const table =
    tableMib === 0
      ? undefined
      : new Table({
          octets: tableMib * MIB,
          readers: threads + 1,
          versions,
          seed: randomInt(2 ** 32),
          now: () => performance.now(),
        })
  const { sample: onSample } = observer
  const onFailure = tellFailures(metrics, log)
  const plane = new DataPlane({ threads, table, log, onRepeat: tellRepeat, onSample, onFailure })
  const collect = () => table?.collect()
  const stillness = new Stillness()
  const utilisation = new Utilisation()
  const busiest = metrics
    .gauge(
      'muster_utilisation_ratio',
      'Share of the last five seconds that the busiest thread has worked, from 0 to 1.',
    )
    .labels()
  const tell = tellLimits(metrics, log, () => plane.limitedClients())
  const look = () => {
    const now = performance.now()
    tell(now)
    const threads = plane.threadStates()
    stillness.look(threads, now)
    const control = performance.eventLoopUtilization().active
    utilisation.take({ at: now, busy: [control, ...threads.map(({ busyMs }) => busyMs)] })
    busiest.set(utilisation.ratio)
  }
  const timer = setInterval(() => {
    collect()
    look()
    observer.tick()
  }, COLLECT_MS)
  timer.unref()
  const forget = metrics.onCollect(collect)
  const forgetStats = planeMetrics(metrics, plane, table)
  return {
    plane,
    table,
    onFailure,
    ailment: () => stillness.ailment,
    close: async () => {
      await plane.close()
      collect()
      clearInterval(timer)
      forget()
      forgetStats()
    },
  }
}

/** A bug outside of all plugins is counted as theirs are; the log shows where it was, not more than once in so long. */
function tellFailures(metrics: Registry, log: Logger): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return (error) => {
    metrics.counter('coredns_panics_total', '').labels().inc()
    if (performance.now() - saidAt < FAILURE_SAID_EVERY_MS) return
    saidAt = performance.now()
    log.error(`a query got no answer: ${stackOf(error)}`)
  }
}

/** What the data threads and the table did, as counters of the process. */
function planeMetrics(metrics: Registry, plane: DataPlane, table: Table | undefined): () => void {
  const packets = metrics.counter('muster_datagrams_total', 'Datagrams by what became of them.', [
    'outcome',
  ])
  const replaced = metrics.counter(
    'muster_data_threads_replaced_total',
    'Data threads that ended and were replaced.',
  )
  const entries = metrics.gauge('muster_table_entries', 'Answers in the table.')
  const published = metrics.counter(
    'muster_table_publications_total',
    'Replies handed to the table, by what became of them.',
    ['outcome'],
  )
  return metrics.onCollect(() => {
    const stats = plane.stats()
    packets.labels('answered').value = stats.answered
    packets.labels('missed').value = stats.missed
    packets.labels('overflowed').value = stats.overflowed
    packets.labels('no_port').value = stats.noPort
    packets.labels('unsent').value = stats.unsent
    packets.labels('kernel_dropped').value = stats.kernelDrops
    packets.labels('limited').value = stats.limited
    replaced.labels().value = stats.replaced
    if (table === undefined) return
    entries.labels().set(table.stats.entries)
    published.labels('published').value = table.stats.published
    published.labels('refused').value = table.stats.refused
    published.labels('full').value = table.stats.full
    published.labels('evicted').value = table.stats.evicted
  })
}
