import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { query } from '../table/harness.ts'

/** Id of the question behind each batch, whose answer says that all others have come that will. */
const LAST = 0xffff
/** For a machine that has other things to do. */
const PATIENCE_MS = 60_000
/** Octets in the air at a time, and what each packet takes beside its own: less than any kernel queues at a socket, so that none is lost. */
const PORTION_OCTETS = 100_000
const PACKET_OVERHEAD = 800

/** One UDP socket that asks in batches. */
export class BatchClient {
  /** Answers with an id that nobody asked with, or that had come before. */
  readonly strays: Buffer[] = []
  readonly #socket: Socket
  #answers: (Buffer | undefined)[] = []
  #done: () => void = () => {}
  #batches = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('message', (answer) => {
      const id = answer.length < 2 ? -1 : answer.readUInt16BE(0)
      if (id === LAST) this.#done()
      else if (id < 0 || id >= this.#answers.length || this.#answers[id] !== undefined)
        this.strays.push(answer)
      else this.#answers[id] = answer
    })
  }

  static async open(port: number): Promise<BatchClient> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22, sendBufferSize: 1 << 22 })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new BatchClient(socket)
  }

  /**
   * Sends packets, their places as their ids. The server takes them in turn, and gives the last to its chain, so nothing comes after its answer.
   *
   * @returns the answers by place; undefined for a packet that got none
   * @throws Error when the server does not answer any more
   */
  async ask(packets: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    this.#answers = packets.map(() => undefined)
    let octets = 0
    for (const [i, packet] of packets.entries()) {
      octets += packet.length + PACKET_OVERHEAD
      if (octets > PORTION_OCTETS) {
        await this.#askLast()
        octets = packet.length + PACKET_OVERHEAD
      }
      if (packet.length > 1) packet.writeUInt16BE(i, 0)
      this.#socket.send(packet)
    }
    await this.#askLast()
    return this.#answers
  }

  async #askLast(): Promise<void> {
    const all = new Promise<void>((done) => {
      this.#done = done
    })
    const name = `${process.pid}-${this.#batches++}.web.here.svc.cluster.local`
    this.#socket.send(query(name, { id: LAST }))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => fail(new Error('the server is silent')), PATIENCE_MS)
    })
    await Promise.race([all, late])
    clearTimeout(timer)
  }

  close(): void {
    this.#socket.close()
  }
}
