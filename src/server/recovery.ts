import type { Registry } from '../admin/metrics.ts'
import { quote } from '../corefile/quote.ts'
import type { Logger } from '../log.ts'
import type { Next } from '../plugin/plugin.ts'
import type { Query } from '../plugin/query.ts'
import { giveUp, type Reply } from '../plugin/reply.ts'
import type { Host } from '../plugin/setup.ts'
import { RCODE } from '../wire/codes.ts'
import type { Dropped, Guard, RoutedBlock } from './router.ts'

interface Parts {
  readonly log: Logger
  readonly metrics: Registry
  readonly host: Host
  readonly dropped: Dropped
}

/** A bug in a plugin costs the query that found it, never the server, unless it is being looked for (`debug`). */
export function recovery({ log, metrics, host, dropped }: Parts): Guard {
  const panics = metrics.counter('coredns_panics_total', '').labels()

  const panic = (query: Query, error: unknown, { bugs }: RoutedBlock): Reply => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    panics.inc()
    const where = quote(query.exchange.listener.label)
    const shown = bugs.stacktrace || bugs.debug ? `${message}\n${stack}` : message
    log.error(`Recovered from panic in server: ${where} ${shown}`)
    if (bugs.debug) host.fatal(`a bug in a plugin, with debug in the Corefile: ${message}`, 2)
    const reply = giveUp(query, '', RCODE.SERVFAIL)
    dropped(query, reply)
    return reply
  }

  return (query: Query, run: Next, block: RoutedBlock) => {
    try {
      const reply = run(query)
      return reply instanceof Promise ? reply.catch((error) => panic(query, error, block)) : reply
    } catch (error) {
      return panic(query, error, block)
    }
  }
}
