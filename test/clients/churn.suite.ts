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
const WRONG_AFTER_MS = 1_000
const ASKED_FOR_MS = 10
t.setTimeout(180_000)

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
  const { port, stop } = await startMuster()
  t.teardown(stop)
  const client = fork(
    join(root, 'test/clients/churn-client.ts'),
    [String(port), cluster.url, String(RATE)],
    { execArgv: ['--no-warnings'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  t.teardown(() => client.kill('SIGKILL'))
  await once(client, 'message')
  await sleep(1_000)
  client.send('ask')
  const began = now()
  await sleep(1_000)
  const replaced = await replaceAll()
  await sleep(500)
  client.send('end')
  const seconds = (now() - began) / 1000
  const [report] = (await once(client, 'message')) as [Report]

  const verdict = judge(report)
  t.comment(
    `${replaced} Pods replaced, ${report.answered} answers, ${Math.round(report.asked / seconds)} asked a second`,
  )
  t.comment(`addresses of gone Pods: ${figures(verdict.gone)} after the event`)
  t.comment(`addresses of new Pods missing: ${figures(verdict.missing)} after the event`)
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

async function startMuster(): Promise<{ port: number; stop: () => void }> {
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
  return { port, stop: () => void child.kill('SIGKILL') }
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

/** How late each answer was that an event had made wrong, and those that were wrong for too long. */
function judge(report: Report): { gone: number[]; missing: number[]; wrong: string[] } {
  const verdict = { gone: [] as number[], missing: [] as number[], wrong: [] as string[] }
  for (const one of report.disagreements) {
    const late = lateness(one, report)
    if (late === undefined) continue
    verdict[one.kind === 'extra' ? 'gone' : 'missing'].push(late)
    if (late > WRONG_AFTER_MS) verdict.wrong.push(`${one.kind} ${one.name} ${one.address}: ${late}`)
  }
  return verdict
}

/**
 * Milliseconds from the event to the answer, without the time in which the client itself did not run; undefined where the answer
 * was right at some moment between question and answer.
 */
function lateness(one: Disagreement, report: Report): number | undefined {
  const pair = `${one.name} ${one.address}`
  const all = spans.get(pair) ?? []
  const held = all.some(({ from, to }) => from <= one.received && to >= one.sent)
  const whole = all.some(({ from, to }) => from <= one.sent && to >= one.received)
  if (one.kind === 'extra' ? held : !whole) return undefined
  const event =
    one.kind === 'extra'
      ? (report.left[pair] ?? Number.NEGATIVE_INFINITY)
      : Math.max(...all.filter(({ from }) => from <= one.sent).map(({ from }) => from))
  const stalled = report.stalls
    .map(([from, to]) => Math.min(to, one.received) - Math.max(from, event))
    .filter((share) => share > 0)
  return Math.max(0, one.received - event - stalled.reduce((sum, share) => sum + share, 0))
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
