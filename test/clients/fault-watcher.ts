import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { name } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'

/** A dead connection is noticed within 45 s, and what was missed then comes at once; the rest is for a slow machine. */
export const LONGEST_MS = 120_000
const ASK_EVERY_MS = 20
/** What comes later is no answer: long, for a machine that does much else. */
const PATIENCE_MS = 20_000
const NO_ANSWER = 'no answer'
/** The name that never changes. */
const STEADY = 'steady.faults'

/** Asks for a name that never changes and for one that does, over and over. */
export class Watcher {
  asked = 0
  private readonly port: number
  private readonly service: string
  private readonly allGoes: boolean
  private readonly socket: Socket
  private readonly seen = new Map<string, number>()
  private readonly waiting = new Map<number, (answer: string) => void>()
  private last = ''
  private id = 0
  private stopped = false
  private running: Promise<void> = Promise.resolve()

  private constructor(port: number, service: string, allGoes: boolean, socket: Socket) {
    this.port = port
    this.service = service
    this.allGoes = allGoes
    this.socket = socket
    socket.on('message', (message) => this.waiting.get(message.readUInt16BE(0))?.(textOf(message)))
  }

  static async start(port: number, service: string, allGoes: boolean): Promise<Watcher> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const watcher = new Watcher(port, service, allGoes, socket)
    watcher.running = watcher.run()
    return watcher
  }

  /** Whether the changing name comes to be answered so before it is too late. */
  async sees(answer: string): Promise<boolean> {
    for (
      const end = performance.now() + LONGEST_MS;
      performance.now() < end;
      await sleep(ASK_EVERY_MS)
    ) {
      if (this.last === answer) return true
    }
    return false
  }

  /** Answers that were never true, with how often they came. */
  wrong(): string[] {
    const right = new Set([
      `${STEADY} NOERROR 10.9.9.9`,
      `${this.service}.faults NOERROR 10.0.0.1`,
      `${this.service}.faults NOERROR 10.0.0.2`,
      // Only where the test moved it there.
      `${this.service}.faults NOERROR 10.0.0.3`,
    ])
    // With the Service its last endpoint goes, and the other way round: a Service without endpoints is NODATA.
    if (this.allGoes)
      for (const one of [STEADY, `${this.service}.faults`])
        right.add(`${one} NXDOMAIN`).add(`${one} NOERROR`)
    return [...this.seen]
      .filter(([answer]) => !right.has(answer))
      .map(([answer, times]) => `${answer}: ${times}`)
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.running
    this.socket.close()
  }

  private async run(): Promise<void> {
    // A server that has only just started, on a machine that does much else, may let the first one wait.
    while (!this.stopped && (await this.ask(STEADY)) === NO_ANSWER) await sleep(ASK_EVERY_MS)
    for (; !this.stopped; await sleep(ASK_EVERY_MS)) {
      this.note(STEADY, await this.ask(STEADY))
      this.last = this.note(`${this.service}.faults`, await this.ask(`${this.service}.faults`))
    }
  }

  private note(asked: string, answer: string): string {
    this.asked++
    const line = `${asked} ${answer}`
    this.seen.set(line, (this.seen.get(line) ?? 0) + 1)
    return answer
  }

  private async ask(relative: string): Promise<string> {
    const [service, namespace] = relative.split('.')
    const id = ++this.id & 0xffff
    const question = {
      qname: name(`${service}.${namespace}.svc.cluster.local`),
      qtype: 1,
      qclass: 1,
    }
    const none = { answer: [], authority: [], additional: [], opt: undefined }
    const packet = new Writer().write({ id, flags: 0x0100, question, ...none }, 512)
    const answered = new Promise<string>((resolve) => this.waiting.set(id, resolve))
    this.socket.send(packet, this.port, '127.0.0.1')
    const answer = await Promise.race([answered, sleep(PATIENCE_MS, NO_ANSWER, { ref: false })])
    this.waiting.delete(id)
    return answer
  }
}

const RCODES: Record<number, string> = { 0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 5: 'REFUSED' }

function textOf(message: Buffer): string {
  const rcode = RCODES[message.readUInt16BE(2) & 15] ?? 'another rcode'
  const addresses = readMessage(message).answer.map(({ rdata }) =>
    [...Buffer.from(rdata, 'latin1')].join('.'),
  )
  return [rcode, ...addresses].join(' ')
}
