import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Where a client asks from, and how. */
export interface Way {
  readonly proto: 'udp' | 'tcp'
  /** Its own address; it asks the loopback address of the same family. */
  readonly from: string
}

interface Waiting {
  readonly id: number
  readonly done: (answer: Buffer) => void
}

/** One client: a socket that many questions share. Answers are told apart by the message id, which the client makes up itself. */
export class Asker {
  readonly way: Way
  readonly #send: (packet: Buffer) => void
  readonly #end: () => Promise<void>
  readonly #waiting = new Map<number, Waiting>()
  #id = 0
  /** Answers to no question that waits. */
  strays = 0

  private constructor(way: Way, send: (packet: Buffer) => void, end: () => Promise<void>) {
    this.way = way
    this.#send = send
    this.#end = end
  }

  static async open(way: Way, port: number): Promise<Asker> {
    const to = way.from.includes(':') ? '::1' : '127.0.0.1'
    const holder: { asker?: Asker } = {}
    const take = (answer: Buffer) => holder.asker?.take(answer)
    const [send, end] =
      way.proto === 'udp'
        ? await openDatagram(way, to, port, take)
        : await openStream(way, to, port, take)
    holder.asker = new Asker(way, send, end)
    return holder.asker
  }

  /** The answer, with the id of the question; undefined when there is none in time. */
  async ask(packet: Buffer, timeoutMs: number): Promise<Buffer | undefined> {
    const sent = this.send(packet)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((done) => {
      timer = setTimeout(() => done(undefined), timeoutMs)
    })
    const answer = await Promise.race([sent.answer, late])
    clearTimeout(timer)
    if (answer === undefined) sent.forget()
    return answer
  }

  /** Sends a question; `answer` waits for ever. */
  send(packet: Buffer): { answer: Promise<Buffer>; forget: () => void } {
    do this.#id = (this.#id + 1) & 0xffff
    while (this.#waiting.has(this.#id))
    const id = this.#id
    const copy = Buffer.from(packet)
    copy.writeUInt16BE(id, 0)
    const answer = new Promise<Buffer>((done) => {
      this.#waiting.set(id, { id: packet.readUInt16BE(0), done })
    })
    this.#send(copy)
    return { answer, forget: () => void this.#waiting.delete(id) }
  }

  take(answer: Buffer): void {
    const id = answer.readUInt16BE(0)
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) {
      this.strays++
      return
    }
    this.#waiting.delete(id)
    const own = Buffer.from(answer)
    own.writeUInt16BE(waiting.id, 0)
    waiting.done(own)
  }

  close(): Promise<void> {
    return this.#end()
  }
}

type Take = (answer: Buffer) => void
type Opened = [(packet: Buffer) => void, () => Promise<void>]

async function openDatagram(way: Way, to: string, port: number, take: Take): Promise<Opened> {
  const type = to.includes(':') ? 'udp6' : 'udp4'
  const socket: UdpSocket = createSocket({ type, recvBufferSize: 1 << 22 })
  socket.on('error', () => {})
  socket.on('message', take)
  await new Promise<void>((done) => socket.bind(0, way.from, done))
  await new Promise<void>((done, fail) =>
    socket.connect(port, to, ((error?: Error) => (error ? fail(error) : done())) as () => void),
  )
  const end = () => new Promise<void>((done) => socket.close(() => done()))
  return [(packet) => socket.send(packet, () => {}), end]
}

/** A stream that is opened anew when the server has ended it. */
async function openStream(way: Way, to: string, port: number, take: Take): Promise<Opened> {
  let stream: Socket | undefined
  const open = () => {
    let held: Buffer = Buffer.alloc(0)
    const socket = connect({ host: to, port, localAddress: way.from, noDelay: true })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (stream === socket) stream = undefined
    })
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        take(held.subarray(2, end))
        held = held.subarray(end)
      }
    })
    return socket
  }
  stream = open()
  await once(stream, 'connect')
  const send = (packet: Buffer) => {
    stream ??= open()
    const length = Buffer.alloc(2)
    length.writeUInt16BE(packet.length)
    stream.write(Buffer.concat([length, packet]))
  }
  return [send, async () => void stream?.destroy()]
}
