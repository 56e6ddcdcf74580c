import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { fold, name } from '../../src/wire/name.ts'
import { clusterObjects, corefileOf, transcriptNames } from '../parity/kubernetes.ts'
import { describe, packetOf, type Recorded, readTranscript } from '../parity/transcript.ts'
import { freePort } from '../ports.ts'
import { Dice, seedOf } from './dice.ts'
import { Rig } from './rig.ts'

const ORDERS = 5
const ASKS = 3
/** Above so many questions each is in two of the orders only, unless the environment says `MUSTER_WHOLE`. */
const MANY = 1000
const WINDOW = 64
const TIMEOUT_MS = 30_000
/** See `test/parity/kubernetes.ts`. */
const PUBLISHED_BY_FLAG = name('head-pnr-raw.zoo.svc.cluster.local')

const directory = mkdtempSync(join(tmpdir(), 'muster-sameness-'))
const cluster = await startApiServer({ port: 0 })
cluster.apply(clusterObjects())
const kubeconfig = join(directory, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)
const dice = new Dice(seedOf(process.env))
t.comment(`MUSTER_SEED=${dice.seed}`)

t.teardown(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

for (const title of transcriptNames()) {
  t.test(
    `${title}: ${ASKS} times in ${ORDERS} random orders the recorded answers come`,
    async (t) => {
      const upstream = await freePort()
      const text = corefileOf(title, { port: 0, upstream, kubeconfig }).replace('.:0 ', '.:{{0}} ')
      const questions = readQuestions(title)
      const wrong: string[] = []
      let asked = 0
      for (let order = 0; order < ORDERS; order++) {
        const rig = await Rig.start(text, { table: true, directory })
        const shuffled = dice.shuffle(
          Array.from({ length: ASKS }, () => inOrder(questions, order)).flat(),
        )
        asked += shuffled.length
        wrong.push(...(await askAll(rig, shuffled)))
        await rig.close()
      }
      t.equal(wrong.length, 0, `${wrong.length} of ${asked} answers differ`)
      for (const one of wrong.slice(0, 5)) t.comment(`MUSTER_SEED=${dice.seed} ${title}.txt:${one}`)
    },
  )
}

function readQuestions(title: string): Recorded[] {
  const file = fileURLToPath(new URL(`../parity/kubernetes/${title}.txt`, import.meta.url))
  return readTranscript(readFileSync(file, 'utf8')).filter(
    ({ qname }) => fold(qname) !== PUBLISHED_BY_FLAG,
  )
}

function inOrder(questions: readonly Recorded[], order: number): readonly Recorded[] {
  if (questions.length <= MANY || process.env.MUSTER_WHOLE !== undefined) return questions
  return questions.filter((_, i) => i % ORDERS === order || i % ORDERS === (order + 1) % ORDERS)
}

async function askAll(rig: Rig, questions: readonly Recorded[]): Promise<string[]> {
  const udp = await rig.asker({ proto: 'udp', from: '127.0.0.1' })
  const tcp = await rig.asker({ proto: 'tcp', from: '127.0.0.1' })
  const wrong: string[] = []
  let next = 0
  const started = performance.now()
  const lane = async () => {
    for (let i = next++; i < questions.length; i = next++) {
      const recorded = questions[i] as Recorded
      const asker = recorded.options.includes('+tcp') ? tcp : udp
      const answer = await asker.ask(packetOf(recorded, i & 0xffff), TIMEOUT_MS)
      const difference = differenceTo(recorded, answer, (performance.now() - started) / 1000)
      if (difference !== undefined) wrong.push(`${recorded.line}: ask ${i}: ${difference}`)
    }
  }
  await Promise.all(Array.from({ length: WINDOW }, lane))
  return wrong
}

/** @param seconds since the first question: what the cache has kept may be so old */
function differenceTo(
  recorded: Recorded,
  answer: Buffer | undefined,
  seconds: number,
): string | undefined {
  if (answer === undefined) return 'no answer'
  const { head, records } = describe(answer)
  const [wanted, had] = [inLines(recorded.records), inLines(records)]
  const age = wanted.some(isKept) ? seconds + 1 : 0
  const isSame =
    recorded.head === head &&
    wanted.length === had.length &&
    wanted.every(({ text, ttl }, i) => {
      const other = had[i] as Line
      return text === other.text && other.ttl <= ttl && other.ttl >= ttl - age
    })
  if (isSame) return undefined
  const want = [recorded.head, ...recorded.records].join('\n    ')
  return `want\n    ${want}\n  have\n    ${[head, ...records].join('\n    ')}`
}

/** A record as its line, without the TTL. */
interface Line {
  readonly text: string
  readonly ttl: number
}

/**
 * Records of the cluster's zone are kept by no cache of the recorded configurations. Yet where a reply leads out of the zone (an ExternalName), `cache` gives all
 * its records the lowest TTL among them, which may be that of one it kept.
 */
const isKept = ({ text, ttl }: Line): boolean => ttl > 0 && !/ \S*cluster\.local\. /.test(text)

function inLines(records: readonly string[]): Line[] {
  const lines = records.map((record): Line => {
    const [, owner, ttl, rest] = /^(. \S+) (\d+) (.*)$/.exec(record) ?? []
    return ttl === undefined
      ? { text: record, ttl: 0 }
      : { text: `${owner} ${rest}`, ttl: Number(ttl) }
  })
  return lines.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
}
