import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'

/** Long enough for anything that comes at all. */
const PATIENCE_MS = 30_000

/** A UDP socket that asks and collects answers by id. */
export class UdpClient {
  readonly answers = new Map<number, { readonly message: Buffer; readonly from: string }>()
  private readonly socket: Socket
  private waiting: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('message', (message, { address }) => {
      this.answers.set(message.readUInt16BE(0), { message, from: address })
      this.waiting?.()
    })
    socket.on('error', () => {})
  }

  static async open(type: 'udp4' | 'udp6' = 'udp4'): Promise<UdpClient> {
    const socket = createSocket(type)
    socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
    await once(socket, 'listening')
    socket.setRecvBufferSize(1 << 20)
    return new UdpClient(socket)
  }

  send(message: Uint8Array, port: number, address = '127.0.0.1'): Promise<void> {
    return new Promise((sent) => this.socket.send(message, port, address, () => sent()))
  }

  /** Waits until so many answers have come; says how many there are. */
  async collected(count: number, patienceMs = PATIENCE_MS): Promise<number> {
    const ends = performance.now() + patienceMs
    while (this.answers.size < count) {
      const left = ends - performance.now()
      if (left <= 0) break
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((done) => {
        this.waiting = done
        timer = setTimeout(done, left)
      })
      clearTimeout(timer)
    }
    return this.answers.size
  }

  async ask(message: Buffer, port: number, address = '127.0.0.1'): Promise<Buffer | undefined> {
    const wanted = this.answers.size + 1
    await this.send(message, port, address)
    await this.collected(wanted)
    return this.answers.get(message.readUInt16BE(0))?.message
  }

  close(): void {
    this.socket.close()
  }
}

/** Why there is nothing to be asked over IPv6; false where there is. */
export const withoutIpv6: string | false = await UdpClient.open('udp6').then(
  (client) => {
    client.close()
    return false
  },
  () => 'no IPv6 here',
)

/** Writes pieces to one TCP connection, and reads messages until so many have come or the server ends. */
export async function exchange(
  port: number,
  pieces: readonly Buffer[],
  options: { readonly count?: number; readonly end?: boolean; readonly gapMs?: number } = {},
): Promise<{ readonly messages: Buffer[]; readonly ended: boolean }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let octets = Buffer.alloc(0)
  let ended = false
  const messages: Buffer[] = []
  const done = new Promise<void>((finish) => {
    const look = () => {
      while (octets.length >= 2 && octets.length >= 2 + octets.readUInt16BE(0)) {
        const end = 2 + octets.readUInt16BE(0)
        messages.push(octets.subarray(2, end))
        octets = octets.subarray(end)
      }
      if (ended || messages.length === options.count) finish()
    }
    socket.on('data', (chunk) => {
      octets = Buffer.concat([octets, chunk])
      look()
    })
    socket.on('close', () => {
      ended = true
      look()
    })
    socket.on('end', () => {
      ended = true
      socket.end()
      look()
    })
    socket.on('error', () => {})
  })
  await once(socket, 'connect')
  for (const piece of pieces) {
    socket.write(piece)
    if (options.gapMs !== undefined) await new Promise((later) => setTimeout(later, options.gapMs))
  }
  if (options.end === true) socket.end()
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
  await done
  clearTimeout(timer)
  socket.destroy()
  return { messages, ended }
}
