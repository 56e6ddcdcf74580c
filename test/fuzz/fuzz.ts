import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FLAG } from '../../src/wire/header.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { describe } from '../parity/transcript.ts'
import { Dice, seedOf } from '../sameness/dice.ts'
import { BatchClient } from './client.ts'
import { hostile } from './packets.ts'
import { type Pair, startPair } from './pair.ts'

const BATCH = 200
/** The kernel spreads sockets over data threads. */
const SOCKETS = 6
/** Share of the packets after which memory must be flat, and what it may be more at the end. */
const WARM = 0.4
const MAX_GROWTH = 0.08

/** Sends so many hostile packets to a server with a table and to one without, and compares what they say. */
export function fuzz(count: number): void {
  const dice = new Dice(seedOf(process.env))
  t.comment(`MUSTER_SEED=${dice.seed}`)
  t.setTimeout(3_600_000)
  t.test(
    `${count} hostile packets: no crash, and every octet of every answer is one that the chain gives`,
    async (t) => {
      t.setTimeout(3_600_000)
      const directory = mkdtempSync(join(tmpdir(), 'muster-fuzz-'))
      t.teardown(() => rmSync(directory, { recursive: true }))
      const pair = await startPair(directory)
      t.teardown(() => pair.stop())
      await run(t, pair, dice, count)
    },
  )
}

async function run(t: Test, pair: Pair, dice: Dice, count: number): Promise<void> {
  const open = (port: number) =>
    Promise.all(Array.from({ length: SOCKETS }, () => BatchClient.open(port)))
  const [hot, cold] = [await open(pair.hot.port), await open(pair.cold.port)]
  const wrong: string[] = []
  const memory: number[] = []
  let answered = 0
  for (let sent = 0; sent < count; sent += BATCH) {
    const packets = Array.from({ length: BATCH }, () => hostile(dice))
    const client = dice.int(SOCKETS)
    const [given, wanted] = await Promise.all([
      (hot[client] as BatchClient).ask(packets.map((packet) => Buffer.from(packet))),
      (cold[client] as BatchClient).ask(packets),
    ])
    packets.forEach((packet, i) => {
      if (given[i] !== undefined) answered++
      const difference = differenceTo(packet, given[i], wanted[i])
      if (difference !== undefined && wrong.length < 100) {
        wrong.push(`${difference}: ${packet.subarray(0, 600).toString('hex')}`)
      }
    })
    if (memory.length < (100 * sent) / count) memory.push(pair.hot.memoryMib())
  }
  const strays = [...hot, ...cold].flatMap((client) => client.strays)
  for (const client of [...hot, ...cold]) client.close()

  t.equal(pair.hot.exited, undefined, 'the server with a table runs')
  t.equal(pair.cold.exited, undefined, 'the server without one runs')
  t.equal(strays.length, 0, 'one answer at most to each packet, with its id')
  t.equal(wrong.length, 0, 'the table says what the chain says')
  for (const one of wrong.slice(0, 10)) t.comment(one)
  t.ok(answered > count / 10, `${answered} were answered`)
  const warm = memory.slice(Math.floor(WARM * memory.length))
  const third = Math.floor(warm.length / 3)
  const [first, last] = [mean(warm.slice(0, third)), mean(warm.slice(-third))]
  t.comment(`memory: ${first.toFixed(1)} MiB, at the end ${last.toFixed(1)} MiB`)
  t.ok(last <= (1 + MAX_GROWTH) * first, 'memory is flat')
}

const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length

/** What is wrong with an answer, as a word; undefined for nothing. */
function differenceTo(
  packet: Buffer,
  given: Buffer | undefined,
  wanted: Buffer | undefined,
): string | undefined {
  if (given === undefined || wanted === undefined) {
    return given === wanted ? undefined : given === undefined ? 'no answer' : 'an answer'
  }
  const bad = ownQuestion(packet, given)
  if (bad !== undefined) return `${bad} (${given.toString('hex')})`
  const [one, other] = [withoutSerials(given), withoutSerials(wanted)]
  if (one.equals(other) || isRotated(one, other)) return undefined
  return `answered ${given.toString('hex')}, not ${wanted.toString('hex')}`
}

/** An answer repeats the question that it answers, as it was typed, or none. */
function ownQuestion(packet: Buffer, given: Buffer): string | undefined {
  const answer = readMessage(given)
  if ((answer.flags & FLAG.QR) === 0) return 'no response'
  if (answer.question === undefined) return given.length > 12 ? 'more than a header' : undefined
  if (!answer.whole) return 'broken'
  const asked = readMessage(packet).question
  const same =
    asked?.qname === answer.question.qname &&
    asked.qtype === answer.question.qtype &&
    asked.qclass === answer.question.qclass
  return same ? undefined : 'not its own question'
}

/** The same records in another order; where some did not fit, any of them. */
function isRotated(one: Buffer, other: Buffer): boolean {
  const [left, right] = [describe(one), describe(other)]
  const cut = (one.readUInt16BE(2) & FLAG.TC) !== 0
  return (
    one.length === other.length &&
    one.subarray(0, 12).equals(other.subarray(0, 12)) &&
    left.head === right.head &&
    left.records.join() === right.records.join() &&
    (cut || Buffer.from(one).sort().equals(Buffer.from(other).sort()))
  )
}

const STARTED = Math.floor(Date.now() / 1000)
const SERIALS_AROUND = 120

/** Two servers started at two moments: the SOA serials, which are Unix times, are put out of both. */
function withoutSerials(answer: Buffer): Buffer {
  const copy = Buffer.from(answer)
  for (let at = 12; at + 4 <= copy.length; at++) {
    if (Math.abs(copy.readUInt32BE(at) - STARTED) < SERIALS_AROUND) copy.writeUInt32BE(0, at)
  }
  return copy
}
