import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createCluster } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'
import { freePort } from '../ports.ts'
import { readyPods, until } from '../sandbox/alive.ts'
import type { Disagreement, Report } from './churn-client.ts'

/** 200 Pods of ten StatefulSets are replaced, one after the other, while their names are asked for. */
const SETS = 10
const REPLICAS = 20
const RATE = 5_000
const PAUSE_MS = 50
/** An answer that is wrong for longer is a wrong answer. What is asked for is 10 ms, which this prints and a busy machine spoils. */
const WRONG_AFTER_MS = 3_000
const ASKED_FOR_MS = 10
t.setTimeout(1_200_000)

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'muster-churn-'))
const cluster = await createCluster({
  controllers: { times: { startMs: 10, readyMs: 10, stopMs: 20 } },
})
t.teardown(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true })
})

/** When each address came to a name and left it, by the clock of the machine: `name address`. */
const spans = new Map<string, { from: number; to: number }[]>()
const now = () => Number(process.hrtime.bigint()) / 1e6

t.test('names of Pods follow their Pods while these are replaced', async (t) => {
  cluster.storage.subscribe(({ object, previous, type }) => {
    if (object.kind === 'EndpointSlice') note(type === 'DELETED' ? undefined : object, previous)
  })
  for (let i = 0; i < SETS; i++) cluster.apply(setOf(`set${i}`))
  await until(cluster, () => readyPods(cluster).length === SETS * REPLICAS)
  const { port, pid, stop } = await startMuster()
  t.teardown(stop)
  const client = fork(
    join(root, 'test/clients/churn-client.ts'),
    [String(port), cluster.url, String(RATE), String(pid)],
    { execArgv: ['--no-warnings'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  t.teardown(() => client.kill('SIGKILL'))
  await once(client, 'message')
  await sleep(1_000)
  client.send('ask')
  const began = now()
  await sleep(1_000)
  const replaced = await replaceAll()
  await sleep(WRONG_AFTER_MS + 500)
  client.send('end')
  const seconds = (now() - began) / 1000
  const [report] = (await once(client, 'message')) as [Report]

  const verdict = judge(report)
  t.comment(
    `${replaced} Pods replaced, ${report.answered} answers, ${Math.round(report.asked / seconds)} asked a second`,
  )
  t.comment(`addresses of gone Pods: ${figures(verdict.extra)} after the event`)
  t.comment(`addresses of new Pods missing: ${figures(verdict.missing)} after the event`)
  t.comment(`both by the clock, whoever held them up: ${figures(verdict.raw)}`)
  const stalled = report.stalls.map(([from, to]) => to - from)
  t.comment(`the client itself stalled: ${figures(stalled)}`)
  t.equal(replaced, SETS * REPLICAS)
  t.ok(report.answered > replaced * 100, 'there was a load')
  t.same(report.failed.slice(0, 5), [], 'every question was answered')
  t.same(verdict.wrong.slice(0, 5), [], 'no name of a ready Pod failed, no gone address stayed')
})

function setOf(name: string): Json[] {
  const labels = { app: name }
  const containers = [{ name: 'main', image: 'x' }]
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name },
      spec: {
        serviceName: name,
        replicas: REPLICAS,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    },
  ]
}

/** Deletes each Pod and waits for the one in its place; returns how many there were. */
async function replaceAll(): Promise<number> {
  let count = 0
  for (const { metadata } of readyPods(cluster)) {
    const named = { apiVersion: 'v1', kind: 'Pod', metadata }
    const there = () =>
      readyPods(cluster).some(
        (pod) => pod.metadata.name === metadata.name && pod.metadata.uid !== metadata.uid,
      )
    cluster.delete(named)
    await until(cluster, there)
    count++
    await sleep(PAUSE_MS)
  }
  return count
}

async function startMuster(): Promise<{ port: number; pid: number; stop: () => void }> {
  const port = await freePort()
  writeFileSync(join(folder, 'kubeconfig'), cluster.kubeconfig)
  const corefile = join(folder, 'Corefile')
  writeFileSync(
    corefile,
    `.:${port} {
    bind 127.0.0.1
    errors
    kubernetes cluster.local {
        kubeconfig ${folder}/kubeconfig
        startup_timeout 1m
    }
}
`,
  )
  const words = ['--no-warnings', join(root, 'src/main.ts'), '-conf', corefile]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      said += text
      if (/^Muster-/m.test(said)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
  return { port, pid: child.pid as number, stop: () => void child.kill('SIGKILL') }
}

function note(slice: Json, previous: Json): void {
  const [before, after] = [pairsOf(previous), pairsOf(slice)]
  const at = now()
  for (const pair of before.difference(after)) {
    const last = spans.get(pair)?.at(-1)
    if (last !== undefined) last.to = at
  }
  for (const pair of after.difference(before)) {
    spans.set(pair, [...(spans.get(pair) ?? []), { from: at, to: Number.POSITIVE_INFINITY }])
  }
}

function pairsOf(slice: Json): Set<string> {
  const service = slice?.metadata.labels['kubernetes.io/service-name']
  const zone = `${service}.default.svc.cluster.local`
  const ready = (slice?.endpoints ?? []).filter((one: Json) => one.conditions.ready)
  return new Set(
    ready.flatMap(({ hostname, addresses }: Json) => [
      `${zone} ${addresses[0]}`,
      `${hostname}.${zone} ${addresses[0]}`,
    ]),
  )
}

/** How late each answer was that an event had made wrong, without what the machine is to blame for, and which were too late. */
function judge(report: Report): Verdict {
  const verdict: Verdict = { extra: [], missing: [], raw: [], wrong: [] }
  for (const one of report.disagreements) {
    const event = eventOf(one, report)
    if (event === undefined) continue
    const late = Math.max(0, one.received - event - lost(report, event, one.received))
    verdict.raw.push(one.received - event)
    verdict[one.kind].push(late)
    if (late > WRONG_AFTER_MS) verdict.wrong.push(`${one.kind} ${one.name} ${one.address}: ${late}`)
  }
  return verdict
}

interface Verdict {
  extra: number[]
  missing: number[]
  /** Both, from the event to the answer by the clock. */
  raw: number[]
  wrong: string[]
}

/** What made an answer wrong, and when; undefined where it was right at some moment between question and answer. */
function eventOf(one: Disagreement, report: Report): number | undefined {
  const pair = `${one.name} ${one.address}`
  const all = spans.get(pair) ?? []
  if (one.kind === 'extra') {
    const held = all.some(({ from, to }) => from <= one.received && to >= one.sent)
    return held ? undefined : (report.left[pair] ?? Number.NEGATIVE_INFINITY)
  }
  return all.find(({ from, to }) => from <= one.sent && to >= one.received)?.from
}

/** Milliseconds of a span in which the client did not run, or the server wanted to and was not let. */
function lost({ stalls, waits }: Report, from: number, to: number): number {
  const shares = stalls.map((one) => Math.min(one[1], to) - Math.max(one[0], from))
  const before = waits.findLast(([at]) => at <= from)?.[1] ?? 0
  const after = waits.find(([at]) => at >= to)?.[1] ?? before
  const stalled = shares.filter((share) => share > 0).reduce((sum, share) => sum + share, 0)
  return stalled + Math.max(0, after - before)
}

function figures(values: number[]): string {
  if (values.length === 0) return 'none'
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1)
  const above = sorted.filter((one) => one > ASKED_FOR_MS).length
  return `${sorted.length} times, median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${above} above ${ASKED_FOR_MS} ms`
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((later) => setTimeout(later, milliseconds))
}
