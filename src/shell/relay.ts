import { createSocket, type Socket } from 'node:dgram'
import { connect, type Server, type Socket as Stream } from 'node:net'
import { pipeline } from 'node:stream'

/** A DNS server on this machine. */
export interface Upstream {
  readonly address: string
  readonly port: number
}

/** Clients of datagrams that are remembered at a time; beyond them the one that has waited longest is forgotten. */
export const MAX_CLIENTS = 256
/** Connections at a time; more are closed at once. */
export const MAX_STREAMS = 64
/** How long a client's answers are waited for after its last query. A stub resolver gives up sooner. */
export const IDLE_MS = 10_000

/** Hands each datagram that comes in on a socket to the server, and its answer back to the client. Ends with the socket. */
export function relayDatagrams(
  inside: Socket,
  { address, port }: Upstream,
  idleMs = IDLE_MS,
): void {
  const clients = new Map<string, Client>()
  const forget = (key: string) => {
    clients.get(key)?.close()
    clients.delete(key)
  }
  inside.on('message', (query, from) => {
    const key = `${from.address} ${from.port}`
    let client = clients.get(key)
    if (client === undefined) {
      const [oldest] = clients.keys()
      if (clients.size >= MAX_CLIENTS && oldest !== undefined) forget(oldest)
      client = new Client(
        (answer) => inside.send(answer, from.port, from.address, () => {}),
        () => forget(key),
        idleMs,
      )
    }
    // Last in the map: the first is the one that has waited longest.
    clients.delete(key)
    clients.set(key, client)
    client.ask(query, port, address)
  })
  inside.on('close', () => {
    for (const key of [...clients.keys()]) forget(key)
  })
}

/** Joins each connection with one of its own to the server. */
export function relayStreams(inside: Server, { address, port }: Upstream): void {
  let streams = 0
  inside.on('connection', (client: Stream) => {
    if (streams >= MAX_STREAMS) return void client.destroy()
    streams++
    client.on('close', () => streams--)
    const server = connect(port, address)
    // The other direction closes with the one that fails.
    pipeline(client, server, () => {})
    pipeline(server, client, () => {})
  })
}

/** One client's socket to the server. */
class Client {
  readonly #socket = createSocket('udp4')
  readonly #idle: NodeJS.Timeout
  #closed = false

  constructor(answered: (answer: Buffer) => void, ended: () => void, idleMs: number) {
    this.#idle = setTimeout(ended, idleMs).unref()
    this.#socket.on('message', answered)
    this.#socket.on('error', ended)
  }

  ask(query: Buffer, port: number, address: string): void {
    this.#idle.refresh()
    this.#socket.send(query, port, address, () => {})
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#idle)
    this.#socket.close()
  }
}
