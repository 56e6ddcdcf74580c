/**
 * What a query costs, side by side in one run: each server on the first core, dnsperf on the second.
 *
 *   npm run build && npm run bench -- [--seconds 5] [--rounds 3] [--rows muster,floor] [--work hot,walk]
 *
 * CPU is what the server's process and those below it spent, by the kernel's own accounting. Servers that are not installed are left out.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { binary } from '../clients/kapi.ts'
import { UdpClient } from '../net/clients.ts'
import { query } from '../table/harness.ts'
import { startCluster, WORK } from './cluster.ts'
import { type Figures, type Load, measure } from './measure.ts'
import { LOG, type Row, rows, start, stop } from './servers.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '' },
    work: { type: 'string', default: '' },
  },
})
const READY_MS = 20_000
const PROBE = 'svc0.ns0.svc.cluster.local'

interface Job extends Omit<Load, 'port' | 'queries' | 'seconds'> {
  readonly name: string
  readonly queries: string
}

const isWanted = (name: string, list: string) =>
  list === '' || list.split(',').some((word) => name.includes(word))

if (binary('dnsperf') === undefined) {
  console.log('skipped: dnsperf is not on PATH')
  process.exit(0)
}

const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'))
const cluster = binary('kapi') === undefined ? undefined : await startCluster()
try {
  const all = rows(folder, cluster?.kubeconfig).filter(({ name }) => isWanted(name, values.rows))
  const jobs = makeJobs().filter(({ name }) => isWanted(name, values.work))
  const results = new Map<string, Map<string, Figures[]>>()
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const row of all) await measureRow(row, jobs, results)
  }
  for (const job of jobs) print(job.name, results.get(job.name) ?? new Map())
} finally {
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
}

function makeJobs(): Job[] {
  const file = (name: string) => {
    const path = join(folder, name.replaceAll(' ', '-'))
    writeFileSync(path, `${WORK[name]?.().join('\n')}\n`)
    return path
  }
  const udp = { mode: 'udp', clients: 8, outstanding: 200 } as const
  const hot = file('mix')
  return [
    ...Object.keys(WORK).map((name) => ({ name, queries: file(name), ...udp })),
    { name: 'TCP', queries: hot, mode: 'tcp', clients: 20, outstanding: 200 },
    { name: LOG, queries: hot, ...udp },
    { name: 'one outstanding', queries: hot, mode: 'udp', clients: 1, outstanding: 1 },
  ]
}

async function measureRow(
  row: Row,
  jobs: readonly Job[],
  results: Map<string, Map<string, Figures[]>>,
): Promise<void> {
  const started = await start(row)
  if (started === undefined) return
  const { child, port } = started
  try {
    if (!(await isReady(port))) throw new Error(`${row.name} does not answer`)
    for (const job of jobs) {
      const isFloor = row.name.startsWith('floor')
      if (job.mode === 'tcp' && isFloor) continue
      if (row.only !== undefined ? row.only !== job.name : job.name === LOG && !isFloor) continue
      const load = { ...job, port, seconds: Number(values.seconds) }
      const figures = await measure(child.pid as number, load)
      const ofJob = results.get(job.name) ?? new Map<string, Figures[]>()
      results.set(job.name, ofJob)
      ofJob.set(row.name, [...(ofJob.get(row.name) ?? []), figures])
    }
  } finally {
    await stop(child)
  }
}

async function isReady(port: number): Promise<boolean> {
  const client = await UdpClient.open()
  try {
    for (const ends = performance.now() + READY_MS; performance.now() < ends; await sleep(100)) {
      client.answers.clear()
      await client.send(query(PROBE, { id: 7 }), port)
      await client.collected(1, 200)
      const answer = client.answers.get(7)?.message
      if (answer !== undefined && answer.readUInt16BE(6) > 0) return true
    }
    return false
  } finally {
    client.close()
  }
}

/** One table for each kind of work: the median of the rounds, and how far they lie apart. */
function print(work: string, ofJob: ReadonlyMap<string, Figures[]>): void {
  const floor = median(ofJob.get('floor (C)') ?? ofJob.get('floor (TypeScript)'), 'cpuUs')
  const muster = median(ofJob.get('muster') ?? ofJob.get('muster, log'), 'cpuUs')
  console.log(`\n## ${work}\n`)
  console.log(
    '| server | CPU µs/query | spread | × floor | muster is × this | queries/s | average ms | p99 ms at 10,000/s | lost | MiB |',
  )
  console.log(`|${' --- |'.repeat(10)}`)
  for (const [name, figures] of ofJob) {
    const cpu = median(figures, 'cpuUs')
    const all = figures.map(({ cpuUs }) => cpuUs)
    const cells = [
      name,
      cpu.toFixed(2),
      `${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)}`,
      Number.isNaN(floor) ? '–' : (cpu / floor).toFixed(2),
      (muster / cpu).toFixed(2),
      median(figures, 'perSecond').toFixed(0),
      median(figures, 'averageMs').toFixed(3),
      median(figures, 'p99Ms').toFixed(3),
      median(figures, 'lost').toFixed(0),
      median(figures, 'memoryMib').toFixed(0),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

function median(figures: readonly Figures[] | undefined, field: keyof Figures): number {
  const sorted = (figures ?? []).map((figure) => figure[field]).sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
