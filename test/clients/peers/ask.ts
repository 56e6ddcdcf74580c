import { execFile } from 'node:child_process'
import { askByTcp, askByUdp, framed } from '../../parity/exchange.ts'
import { describe, packetOf, readTranscript } from '../../parity/transcript.ts'

/** What servers of all makes must agree on: the answer, why there is none, where to go on. What each likes to add, and how it spells owners, is left out. */
export interface Essence {
  readonly rcode: string
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly answer: readonly string[]
  /** SOA of a denial, NS of a referral. */
  readonly authority: readonly string[]
}

/** Message id of the question before. */
let last = 0

/** Asks 127.0.0.1; undefined without an answer. @param question `www.test. A +tcp` */
export async function ask(
  port: number,
  question: string,
  timeoutMs = 20_000,
): Promise<Essence | undefined> {
  const [recorded] = readTranscript(`? ${question}`)
  if (recorded === undefined) throw new Error(`not a question: ${question}`)
  last = (last + 1) & 0xffff
  const packet = packetOf(recorded, last)
  const route = { to: '127.0.0.1', port, timeoutMs }
  const [reply] = question.includes('+tcp')
    ? await askByTcp(route, [framed(packet)], (messages) => messages.length > 0)
    : await askByUdp(route, [packet], 1)
  if (reply === undefined) return undefined
  // A late answer to a question that was given up, whose port the kernel has handed out again.
  return reply.readUInt16BE(0) === last ? essenceOf(reply) : ask(port, question, timeoutMs)
}

function essenceOf(reply: Buffer): Essence {
  const { head, records } = describe(reply)
  const [rcode = '', ...flags] = head.split(' ')
  const of = (mark: string) =>
    records
      .filter((line) => line.startsWith(mark))
      .map((line) => line.toLowerCase())
      .sort()
  const answer = of('=')
  return {
    rcode,
    authoritative: flags.includes('aa'),
    truncated: flags.includes('tc'),
    answer,
    authority: answer.length > 0 ? [] : of('@'),
  }
}

/** Runs a program; its output, with what it printed on stderr behind where it failed. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve(error === null ? stdout : `${stdout}\n${error.message}\n${stderr}`),
    )
    // It may have ended without a look at what it is given.
    child.stdin?.on('error', () => {}).end(input)
  })
}

/** The records that dig or kdig printed, sorted, each with single spaces, and service parameters without quotes. */
export function recordsOf(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) =>
      line
        .replace(/\s+/g, ' ')
        .trim()
        .replace(/alpn="(\S+)"/, 'alpn=$1'),
    )
    .sort()
}
