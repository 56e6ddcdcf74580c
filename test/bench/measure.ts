import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** Microseconds of one tick of /proc/PID/stat: USER_HZ is 100 on every machine that Linux runs on. */
const TICK_US = 10_000
/** A run before the one that counts: code is compiled, tables are filled. */
const WARM_UP_SECONDS = 2
/** Queries a second while the latency of each is looked at: dnsperf tells of each only at the cost of a line. */
export const STEADY = 10_000

export interface Load {
  readonly port: number
  readonly queries: string
  readonly mode: 'udp' | 'tcp'
  readonly clients: number
  /** Queries on their way at a time. */
  readonly outstanding: number
  readonly seconds: number
}

export interface Figures {
  readonly cpuUs: number
  readonly perSecond: number
  readonly averageMs: number
  readonly p99Ms: number
  readonly lost: number
  readonly memoryMib: number
}

/** Loads a server from the second core and reads what it spent from its own accounting. */
export async function measure(pid: number, load: Load): Promise<Figures> {
  await dnsperf(load, WARM_UP_SECONDS)
  const before = ticks(pid)
  const text = await dnsperf(load, load.seconds)
  const spent = ticks(pid) - before
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  const each = await dnsperf(load, 1, '-v', '-Q', String(STEADY))
  const completed = number(/Queries completed:\s+(\d+)/)
  return {
    cpuUs: (spent * TICK_US) / completed,
    perSecond: number(/Queries per second:\s+([\d.]+)/),
    averageMs: number(/Average Latency \(s\):\s+([\d.]+)/) * 1000,
    p99Ms: percentile(each, 0.99),
    lost: number(/Queries lost:\s+(\d+)/),
    memoryMib: memory(pid),
  }
}

async function dnsperf(load: Load, seconds: number, ...more: string[]): Promise<string> {
  const { port, queries, mode, clients, outstanding } = load
  const options = `-m ${mode} -s 127.0.0.1 -p ${port} -d ${queries} -l ${seconds} -c ${clients} -q ${outstanding}`
  const { stdout } = await run('taskset', ['-c', '1', 'dnsperf', ...options.split(' '), ...more], {
    maxBuffer: 1 << 26,
  })
  return stdout
}

/** Lines are `> NOERROR name type seconds`. */
function percentile(text: string, share: number): number {
  const seconds = [...text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)/gm)].map(([, latency]) =>
    Number(latency),
  )
  seconds.sort((a, b) => a - b)
  return (seconds[Math.floor(share * seconds.length)] ?? Number.NaN) * 1000
}

/** Ticks of user and system time of a process and all below it. */
function ticks(pid: number): number {
  return tree(pid).reduce((sum, member) => sum + statOf(member)[0], 0)
}

function memory(pid: number): number {
  let kib = 0
  for (const member of tree(pid)) {
    const status = readIfThere(`/proc/${member}/status`)
    kib += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
  }
  return kib / 1024
}

function tree(pid: number): number[] {
  const all = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  const children = all.map(Number).filter((member) => statOf(member)[1] === pid)
  return [pid, ...children.flatMap(tree)]
}

/** Ticks, and the parent. The name may hold anything, so fields are counted from its end. */
function statOf(pid: number): [number, number] {
  const stat = readIfThere(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [Number(fields[11] ?? 0) + Number(fields[12] ?? 0), Number(fields[1] ?? 0)]
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
