// Asks questions from a thread of its own, and tells in batches what was answered and when.
import { parentPort, workerData } from 'node:worker_threads'
import { Asker } from './asker.ts'
import { Dice } from './dice.ts'
import { clock } from './timeline.ts'
import { answerKey } from './universe.ts'

export interface LoadOptions {
  readonly port: number
  readonly packets: readonly Uint8Array[]
  readonly seed: number
  /** Questions that wait for their answers at a time. */
  readonly window: number
  /** Queries a second. */
  readonly rate: number
  /** What is not answered in so many milliseconds is lost. */
  readonly lostMs?: number
}

/** An answer: which question, when it was asked and answered, what it said; without the last two it was lost. */
export type Told = readonly [
  question: number,
  asked: number,
  answered: number | undefined,
  key: string | undefined,
]

/** Unless said otherwise. */
const LOST_MS = 30_000
/** The kernel spreads sockets over data threads by chance: so many that each gets some. */
const SOCKETS = 32
const BATCH = 500
const PACE_MS = 2

if (parentPort !== null) await run(workerData as LoadOptions)

async function run(options: LoadOptions): Promise<void> {
  const { port, packets, seed, window, rate, lostMs = LOST_MS } = options
  const dice = new Dice(seed)
  const all = Array.from({ length: SOCKETS }, () => {
    return Asker.open({ proto: 'udp', from: '127.0.0.1' }, port)
  })
  const udp = await Promise.all(all)
  const tcp = await Asker.open({ proto: 'tcp', from: '127.0.0.1' }, port)
  let told: Told[] = []
  let stopped = false
  parentPort?.on('message', () => {
    stopped = true
  })
  const started = clock()
  let sent = 0
  const tell = (one: Told) => {
    if (told.push(one) < BATCH) return
    parentPort?.postMessage(told)
    told = []
  }
  const lane = async () => {
    while (!stopped) {
      if (sent > ((clock() - started) * rate) / 1000) {
        await new Promise((later) => setTimeout(later, PACE_MS))
        continue
      }
      sent++
      const question = dice.int(packets.length)
      const asked = clock()
      const asker = dice.chance(0.02) ? tcp : dice.pick(udp)
      const answer = await asker.ask(Buffer.from(packets[question] as Uint8Array), lostMs)
      if (answer === undefined) tell([question, asked, undefined, undefined])
      else tell([question, asked, clock(), answerKey(answer)])
    }
  }
  await Promise.all(Array.from({ length: window }, lane))
  parentPort?.postMessage(told)
  for (const asker of udp) await asker.close()
  await tcp.close()
  parentPort?.close()
}
