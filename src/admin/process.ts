import { readdirSync, readFileSync } from 'node:fs'
import type { Family, Gauge, Registry } from './metrics.ts'

/** Microseconds, pages: units of the kernel. */
const MICROSECONDS = 1e6
/** What "unlimited" is exported as: the largest number of 64 bits, as the Prometheus clients of other languages have it. */
const UNLIMITED = 2 ** 64

/**
 * The metrics `process_*` under the names that every Prometheus client library uses. What the system does not tell (no /proc) is left out.
 *
 * @returns what ends the collection
 */
export function collectProcessMetrics(metrics: Registry): () => void {
  const gauge = (name: string, help: string) => metrics.gauge(`process_${name}`, help)
  const counter = (name: string, help: string) => metrics.counter(`process_${name}`, help)
  const cpu = counter('cpu_seconds_total', 'User and system CPU time spent, in seconds.').labels()
  const started = gauge('start_time_seconds', 'When the process started, in seconds since 1970.')
  started.labels().set(Date.now() / 1000 - process.uptime())
  const resident = gauge('resident_memory_bytes', 'Resident memory in bytes.').labels()
  const [virtual, openFds, maxFds, maxVirtual] = [
    gauge('virtual_memory_bytes', 'Virtual memory in bytes.'),
    gauge('open_fds', 'Open file descriptors.'),
    gauge('max_fds', 'File descriptors that may be open.'),
    gauge('virtual_memory_max_bytes', 'Virtual memory that the process may have, in bytes.'),
  ]
  const received = counter('network_receive_bytes_total', 'Octets received over the network.')
  const sent = counter('network_transmit_bytes_total', 'Octets sent over the network.')
  return metrics.onCollect(() => {
    const { user, system } = process.cpuUsage()
    cpu.value = (user + system) / MICROSECONDS
    resident.set(process.memoryUsage.rss())
    const limits = read('/proc/self/limits')
    const traffic = networkOctets(read('/proc/self/net/dev'))
    const pages = /^VmSize:\s+(\d+) kB$/m.exec(read('/proc/self/status'))?.[1]
    show(virtual, pages === undefined ? undefined : Number(pages) * 1024)
    show(openFds, countEntries('/proc/self/fd'))
    show(maxFds, limitOf(limits, 'Max open files'))
    show(maxVirtual, limitOf(limits, 'Max address space'))
    received.labels().value = traffic.received
    sent.labels().value = traffic.sent
  })
}

function show(family: Family<Gauge>, value: number | undefined): void {
  if (value === undefined) family.remove()
  else family.labels().set(value)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function countEntries(path: string): number | undefined {
  try {
    return readdirSync(path).length
  } catch {
    return undefined
  }
}

/** The soft limit in a line of /proc/self/limits. */
function limitOf(limits: string, name: string): number | undefined {
  const line = limits.split('\n').find((text) => text.startsWith(name))
  const soft = line?.slice(name.length).trim().split(/\s+/)[0]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? UNLIMITED : Number(soft)
}

/** Sums over all interfaces of the process's network namespace; columns as in proc_pid_net(5). */
function networkOctets(text: string): { received: number; sent: number } {
  let received = 0
  let sent = 0
  for (const line of text.split('\n')) {
    const columns = /^\s*[^:]+:\s*(\d.*)$/.exec(line)?.[1]?.trim().split(/\s+/)
    received += Number(columns?.[0] ?? 0)
    sent += Number(columns?.[8] ?? 0)
  }
  return { received, sent }
}
