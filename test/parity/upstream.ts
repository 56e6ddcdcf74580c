import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { TYPE, typeFromText } from '../../src/wire/codes.ts'
import { FLAG } from '../../src/wire/header.ts'
import { fold, nameFromText, nameToText } from '../../src/wire/name.ts'
import { type Message, readMessage } from '../../src/wire/reader.ts'
import { type Octets, txtRdata } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'

/** What a scripted upstream does with the queries that fit. */
export interface Rule {
  /** Any case; `*` for all. */
  readonly name: string
  /** Mnemonic, `*` for all. */
  readonly type: string
  readonly proto?: 'udp' | 'tcp'
  /** Messages in hex without question section (whole ones with `verbatim`), the last one repeats; null is silence. */
  readonly responses?: readonly (string | null)[]
  /** Only the id is filled in. */
  readonly verbatim?: boolean
  /** Answer the query's OPT. */
  readonly opt?: boolean
  /** Milliseconds before replying. */
  readonly delay?: number
  /** Tell what arrived, as TXT. */
  readonly echo?: boolean
}

/** A query as a scripted upstream saw it. */
export interface Seen {
  readonly proto: 'udp' | 'tcp'
  readonly message: Message
  readonly from: { readonly address: string; readonly port: number }
}

/** Ports tried where any will do. */
const MAX_ATTEMPTS = 20
const OPT_PAYLOAD = 1232
const DNSSEC_OK = 0x8000

/** A UDP and TCP server that answers by a list of rules: the first that fits replies, a query that fits none gets silence. */
export class Upstream {
  readonly seen: Seen[] = []
  readonly #rules: readonly Rule[]
  readonly #asked: number[]
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #streams = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #port = 0
  #address = ''

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules
    this.#asked = rules.map(() => 0)
    this.#udp = createSocket('udp4')
    this.#tcp = createServer((stream) => this.#serveStream(stream))
    this.#udp.on('message', (packet, from) => this.#serveDatagram(packet, from))
    this.#udp.on('error', () => {})
  }

  /** Starts one on `ADDRESS:PORT`; port 0 takes one that is free for UDP and TCP. */
  static async start(place: string, rules: readonly Rule[]): Promise<Upstream> {
    const colon = place.lastIndexOf(':')
    const [address, port] = [place.slice(0, colon), Number(place.slice(colon + 1))]
    for (let attempt = 1; ; attempt++) {
      const upstream = new Upstream(rules)
      try {
        await upstream.#listen(port, address)
        return upstream
      } catch (error) {
        await upstream.close()
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        if (port !== 0 || !taken || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  get port(): number {
    return this.#port
  }

  /** `127.0.0.1:5600`. */
  get address(): string {
    return `${this.#address}:${this.#port}`
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const stream of this.#streams) stream.destroy()
    await new Promise<void>((done) => {
      if (!this.#tcp.listening) return done()
      this.#tcp.close(() => done())
    })
    await new Promise<void>((done) => {
      try {
        this.#udp.close(() => done())
      } catch {
        done()
      }
    })
  }

  async #listen(port: number, address: string): Promise<void> {
    this.#tcp.listen(port, address)
    await once(this.#tcp, 'listening')
    this.#port = (this.#tcp.address() as { port: number }).port
    this.#address = address
    await new Promise<void>((done, fail) => {
      this.#udp.once('error', fail)
      this.#udp.bind(this.#port, address, () => {
        this.#udp.off('error', fail)
        done()
      })
    })
  }

  #serveDatagram(packet: Buffer, from: RemoteInfo): void {
    this.#answer(packet, 'udp', from, (reply) => {
      this.#udp.send(reply, from.port, from.address, () => {})
    })
  }

  #serveStream(stream: Socket): void {
    let held = Buffer.alloc(0)
    this.#streams.add(stream)
    stream.on('error', () => {})
    stream.on('close', () => this.#streams.delete(stream))
    const from = { address: stream.remoteAddress ?? '', port: stream.remotePort ?? 0 }
    stream.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        this.#answer(Buffer.from(held.subarray(2, end)), 'tcp', from, (reply) => {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          stream.write(Buffer.concat([length, reply]))
        })
        held = held.subarray(end)
      }
    })
  }

  #answer(
    packet: Buffer,
    proto: Seen['proto'],
    from: Seen['from'],
    send: (reply: Buffer) => void,
  ): void {
    const query = readMessage(packet)
    if (query.question === undefined) return
    this.seen.push({ proto, message: query, from: { address: from.address, port: from.port } })
    const index = this.#rules.findIndex((rule) => fits(rule, query, proto))
    const rule = this.#rules[index]
    if (rule === undefined) return
    const count = this.#asked[index]!
    this.#asked[index] = count + 1
    const reply = rule.echo === true ? echo(query, proto) : scripted(rule, count, query)
    if (reply === undefined) return
    if (rule.delay === undefined) {
      send(reply)
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      send(reply)
    }, rule.delay)
    this.#timers.add(timer)
  }
}

function fits(rule: Rule, query: Message, proto: string): boolean {
  const { qname, qtype } = query.question!
  if (rule.name !== '*' && fold(nameFromText(rule.name)!) !== fold(qname)) return false
  if (rule.type !== '*' && typeFromText(rule.type) !== qtype) return false
  return rule.proto === undefined || rule.proto === proto
}

function scripted(rule: Rule, count: number, query: Message): Buffer | undefined {
  const responses = rule.responses ?? []
  const hex = responses[Math.min(count, responses.length - 1)]
  if (hex === null || hex === undefined) return undefined
  const reply = Buffer.from(hex, 'hex')
  reply.writeUInt16BE(query.id, 0)
  return rule.verbatim === true ? reply : filled(rule, reply, query)
}

/** The message with the query's question behind its header, its RD bit, and OPT where the rule wants it. */
function filled(rule: Rule, scriptedReply: Buffer, query: Message): Buffer {
  const { qname, qtype, qclass } = query.question!
  const numbers = Buffer.alloc(4)
  numbers.writeUInt16BE(qtype, 0)
  numbers.writeUInt16BE(qclass, 2)
  const header = Buffer.from(scriptedReply.subarray(0, 12))
  header.writeUInt16BE((header.readUInt16BE(2) & ~FLAG.RD) | (query.flags & FLAG.RD), 2)
  header.writeUInt16BE(1, 4)
  const parts = [header, Buffer.from(qname, 'latin1'), numbers, scriptedReply.subarray(12)]
  if (rule.opt === true && query.opt !== undefined) {
    header.writeUInt16BE(header.readUInt16BE(10) + 1, 10)
    const opt = Buffer.alloc(11)
    opt.writeUInt16BE(TYPE.OPT, 1)
    opt.writeUInt16BE(OPT_PAYLOAD, 3)
    opt.writeUInt16BE(query.opt.flags & DNSSEC_OK, 7)
    parts.push(opt)
  }
  return Buffer.concat(parts)
}

/** One TXT record that tells what arrived. */
function echo(query: Message, proto: string): Buffer {
  const question = query.question!
  const rr = {
    owner: question.qname,
    type: TYPE.TXT,
    class: 1,
    ttl: 0,
    rdata: txtRdata(...description(query, proto)),
  }
  const none: never[] = []
  const flags = FLAG.QR | FLAG.RA | (query.flags & FLAG.RD)
  const content = { id: query.id, flags, question, answer: [rr], authority: none, additional: none }
  return Buffer.from(new Writer().write({ ...content, opt: undefined }, 0xffff))
}

function description(query: Message, proto: string): string[] {
  const { qname, qtype, qclass } = query.question!
  const { opt } = query
  const additional = query.additional.length + (opt === undefined ? 0 : 1)
  const texts = [
    `proto=${proto}`,
    `flags=${query.flags.toString(16).padStart(4, '0')}`,
    `question=${nameToText(qname)} ${qtype} ${qclass}`,
    `counts=1 ${query.answer.length} ${query.authority.length} ${additional}`,
  ]
  if (opt === undefined) return texts
  const ttl = ((opt.extendedRcode << 24) | (opt.version << 16) | opt.flags) >>> 0
  texts.push(`opt=${opt.udpSize} ${ttl.toString(16).padStart(8, '0')}`)
  const options = opt.options.map(({ code, data }) => `option=${code} ${hex(data)}`)
  return [...texts, ...options.sort()]
}

const hex = (octets: Octets): string => Buffer.from(octets, 'latin1').toString('hex')
