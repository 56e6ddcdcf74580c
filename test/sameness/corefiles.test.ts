import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import type { ObjectInput } from '../../src/sandbox/types.ts'
import { differences } from '../parity/compare.ts'
import { clusterObjects } from '../parity/kubernetes.ts'
import { type Places, randomCorefile, writeFiles } from './corefiles.ts'
import { Dice, seedOf } from './dice.ts'
import { countsOf, linesOf, logged, toldOf } from './observed.ts'
import { type Asked, Questions } from './questions.ts'
import { Rig } from './rig.ts'
import { startUpstream } from './upstream.ts'

const COREFILES = Number(process.env.MUSTER_ROUNDS ?? 10)
const QUESTIONS = 250
const ASKS = 3
/** When neither has answered for so long, neither will; when one has, the other gets more time. */
const SILENCE_MS = 200
const PATIENCE_MS = 20_000
/** Sooner than any answer that a cache keeps is over: the cluster's last five seconds. */
const KEPT_MS = 4000

const dice = new Dice(seedOf(process.env))
t.comment(`MUSTER_SEED=${dice.seed}`)
const directory = mkdtempSync(join(tmpdir(), 'muster-sameness-'))
const objects: ObjectInput[] = [...clusterObjects(), pod('zoo', 'here', '127.0.0.1')]
const cluster = await startApiServer({ port: 0 })
cluster.apply(objects)
const upstream = await startUpstream()
writeFiles(directory)
const kubeconfig = join(directory, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)
const places: Places = { directory, kubeconfig, upstream: upstream.port }

t.teardown(async () => {
  await upstream.close()
  await cluster.close()
  rmSync(directory, { recursive: true })
})

for (let round = 0; round < COREFILES; round++) {
  const seed = round === 0 ? dice.seed : dice.int(2 ** 32)
  await t.test(
    `random Corefile ${round}: answers, counters and log lines are those of a server without a table`,
    async (t) => {
      const found = await compare(new Dice(seed))
      t.equal(found.length, 0, `MUSTER_SEED=${seed}: ${found.length} differences`)
      for (const one of found.slice(0, 8)) t.comment(one)
    },
  )
}

/** Asks two servers with the same Corefile the same; returns what differs, the Corefile first. */
async function compare(dice: Dice): Promise<string[]> {
  const text = randomCorefile(dice, places)
  const questions = new Questions(objects, dice)
  const distinct = Array.from({ length: QUESTIONS }, () => questions.random())
  const asked = dice.shuffle(Array.from({ length: ASKS }, () => distinct).flat())
  const found: string[] = []
  const began = performance.now()
  const [hot, plain] = [
    await Rig.start(text, { table: true, directory }),
    await Rig.start(text, { table: false, directory }),
  ]
  try {
    for (const [i, question] of asked.entries()) {
      for (const difference of await compareOne(hot, plain, question)) {
        found.push(`ask ${i}: ${question.text}\n    ${difference}`)
      }
    }
    const late = performance.now() - began > KEPT_MS
    found.push(...(await compareWhatWasSeen(hot, plain, late)))
  } finally {
    await hot.close()
    await plain.close()
  }
  return found.length === 0 ? [] : [text, ...found]
}

async function compareOne(hot: Rig, plain: Rig, asked: Asked): Promise<string[]> {
  const { packet, way, listener } = asked
  const [one, other] = [await hot.asker(way, listener), await plain.asker(way, listener)]
  const [a, b] = [one.send(packet), other.send(packet)]
  const both = Promise.all([a.answer, b.answer])
  let answers = await Promise.race([both, sleep(SILENCE_MS, undefined, { ref: false })])
  if (answers === undefined) {
    const any = Promise.race([a.answer, b.answer])
    const first = await Promise.race([any, sleep(1, undefined, { ref: false })])
    if (first !== undefined) {
      answers = await Promise.race([both, sleep(PATIENCE_MS, undefined, { ref: false })])
      if (answers === undefined) return ['only one of them answered']
    }
  }
  a.forget()
  b.forget()
  if (answers === undefined) return []
  const [have, want] = answers
  return differences(want, have).map((text) => text.replace('not', 'but with the table'))
}

/** Counters and log lines. @param late whether something that was kept may be over */
async function compareWhatWasSeen(hot: Rig, plain: Rig, late: boolean): Promise<string[]> {
  await logged(hot, plain.log.length)
  const of = async (rig: Rig) => (late ? toldOf(await countsOf(rig)) : countsOf(rig))
  const [have, want] = [await of(hot), await of(plain)]
  const found: string[] = []
  for (const key of new Set([...have.keys(), ...want.keys()])) {
    if (have.get(key) !== want.get(key)) {
      found.push(`${key}: ${want.get(key)}, but with the table ${have.get(key)}`)
    }
  }
  const [lines, wanted] = [linesOf(hot), linesOf(plain)]
  const missing = wanted.filter(([line, count]) => lines.find(([l]) => l === line)?.[1] !== count)
  const more = lines.filter(([line]) => !wanted.some(([l]) => l === line))
  found.push(...missing.slice(0, 5).map(([line, count]) => `log: ${count} times ${line}`))
  found.push(
    ...more.slice(0, 5).map(([line, count]) => `log with the table: ${count} times ${line}`),
  )
  return found
}

function pod(namespace: string, name: string, ip: string): ObjectInput {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  }
}
