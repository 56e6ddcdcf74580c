import type { Peer, Response } from '../net/listener.ts'
import { type Exchange, Query } from '../plugin/query.ts'
import type { Reply } from '../plugin/reply.ts'
import { RCODE } from '../wire/codes.ts'
import { isWellFormed } from '../wire/edns.ts'
import { accept } from '../wire/gate.ts'
import { FLAG } from '../wire/header.ts'
import { type Message, type Question, readMessage } from '../wire/reader.ts'
import type { Rr } from '../wire/record.ts'
import { MAX_MESSAGE_OCTETS, type Writer } from '../wire/writer.ts'
import { contentOf, finish, optOf } from './finish.ts'
import type { Observer } from './observe/observer.ts'
import type { Publisher } from './publish.ts'
import type { Router } from './router.ts'

/** Octets of a datagram that are read: the reference reads no more, so a query that goes on behind them has broken off (FORMERR). */
export const MAX_UDP_QUERY_OCTETS = 512

/**
 * Turns packets that came to one listener into responses: the gate, the reader, the router's chain, the writer. Bad packets cost a counter.
 */
export class Responder {
  /** Packets that got FORMERR, NOTIMP or silence before any plugin saw them. */
  rejected = 0

  private readonly router: Router
  private readonly writer: Writer
  private readonly now: () => number
  private readonly publisher: Publisher | undefined
  private readonly observer: Observer | undefined

  /** @param publisher where replies go that may be repeated; undefined without a table */
  constructor(
    router: Router,
    writer: Writer,
    now: () => number,
    publisher?: Publisher,
    observer?: Observer,
  ) {
    this.router = router
    this.writer = writer
    this.now = now
    this.publisher = publisher
    this.observer = observer
  }

  readonly handle = (received: Buffer, peer: Peer): Response | Promise<Response> => {
    const packet =
      peer.transport === 'udp' && received.length > MAX_UDP_QUERY_OCTETS
        ? received.subarray(0, MAX_UDP_QUERY_OCTETS)
        : received
    const verdict = accept(packet)
    if (verdict !== 'accept') {
      this.rejected++
      return verdict === 'ignore' ? undefined : this.reject(packet, peer, undefined, verdict)
    }
    const message = readMessage(packet)
    if (!message.whole || message.opt?.options.every(isWellFormed) === false) {
      this.rejected++
      return this.reject(packet, peer, message, 'formerr')
    }
    if (!hasQuestion(message)) return this.withoutQuestion(message, peer)
    const query = new Query(this.exchange(packet, peer), message, message)
    const reply = this.router.serve(query)
    return reply instanceof Promise
      ? reply.then((later) => owned(this.finish(query, later, true)))
      : this.finish(query, reply, false)
  }

  private exchange(packet: Buffer, peer: Peer): Exchange {
    return {
      transport: peer.transport,
      client: peer.client,
      local: peer.local,
      listener: this.router,
      started: peer.came ?? this.now(),
      packet,
      depth: 0,
      deadline: Number.POSITIVE_INFINITY,
    }
  }

  private finish(query: Query, reply: Reply, waited: boolean): Response {
    if (this.observer?.isOn === true) this.observer.answered(query, reply)
    if (reply.kind === 'silence') return undefined
    if (reply.stream !== undefined) return this.transfer(query, reply, reply.stream)
    const opt = optOf(query, reply)
    const { writer } = this
    const message = finish(query, reply, opt, writer)
    if (message === undefined) return undefined
    if (reply.lifetime.repeatable) {
      this.publisher?.publish(query, reply, message, opt, writer.truncated, waited)
    }
    return reply.sign === undefined ? message : reply.sign(message, 0)
  }

  /** RFC 5936 §2.2: one message for each batch, the question in the first. */
  private async *transfer(
    query: Query,
    reply: Reply,
    stream: AsyncIterable<readonly Rr[]>,
  ): AsyncIterable<Uint8Array> {
    let index = 0
    for await (const answer of stream) {
      const content = contentOf(query, { ...reply, answer }, optOf(query, reply))
      const message = Buffer.from(this.writer.write(content, MAX_MESSAGE_OCTETS))
      yield reply.sign === undefined ? message : reply.sign(message, index)
      index++
    }
  }

  /** FORMERR keeps the flags of the query but AA and Z, and makes it an opcode QUERY; NOTIMP keeps the opcode. */
  private reject(
    packet: Buffer,
    peer: Peer,
    message: Message | undefined,
    verdict: 'formerr' | 'notimp',
  ): Buffer {
    const cleared = FLAG.AA | FLAG.Z | FLAG.RCODE | (verdict === 'formerr' ? FLAG.OPCODE : 0)
    const rcode = verdict === 'formerr' ? RCODE.FORMERR : RCODE.NOTIMP
    this.observer?.rejected(rcode, peer)
    const flags = (packet.readUInt16BE(2) & ~cleared) | FLAG.QR | rcode
    return this.empty(packet.readUInt16BE(0), flags, message?.question)
  }

  /** A header that promises a question and ends: SERVFAIL, as the reference answers it. */
  private withoutQuestion(message: Message, peer: Peer): Buffer {
    this.observer?.rejected(RCODE.SERVFAIL, peer)
    const flags = (message.flags & (FLAG.OPCODE | FLAG.RD | FLAG.CD)) | FLAG.QR | RCODE.SERVFAIL
    return this.empty(message.id, flags, undefined)
  }

  private empty(id: number, flags: number, question: Message['question']): Buffer {
    const none: readonly Rr[] = []
    const content = {
      id,
      flags,
      question,
      answer: none,
      authority: none,
      additional: none,
      opt: undefined,
    }
    return this.writer.write(content, MAX_MESSAGE_OCTETS)
  }
}

function hasQuestion(message: Message): message is Message & { readonly question: Question } {
  return message.question !== undefined
}

/** A message that is told later must not lie in the writer's buffer, which others use meanwhile. */
function owned(response: Response): Response {
  return response instanceof Uint8Array ? Buffer.from(response) : response
}
