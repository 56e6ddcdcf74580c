import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Guest {
  readonly socket: Socket
  /** Requests that are being answered. */
  asking: number
  /** Whether a request of it has ever arrived whole. */
  served: boolean
}

/**
 * The connections of an HTTP server, as many as there may be. Beyond that the one that has waited longest without a whole request makes room, then the one that has been idle
 * longest: connections that say nothing never keep out those that ask.
 */
export class Guests {
  private readonly most: number
  /** By the client's address and port, which a connection's TLS layer has too; the oldest first. */
  private readonly guests = new Map<string, Guest>()

  /** @param most connections at a time */
  constructor(server: Server, most: number) {
    this.most = most
    server.on('connection', (socket: Socket) => this.welcome(socket))
    server.on('request', (request, response) => this.serve(request, response))
  }

  private welcome(socket: Socket): void {
    if (this.guests.size >= this.most) {
      const leaving = this.find(({ served }) => !served) ?? this.find(() => true)
      if (leaving === undefined) return void socket.destroy()
      this.guests.delete(keyOf(leaving))
      leaving.destroy()
    }
    const key = keyOf(socket)
    const guest = { socket, asking: 0, served: false }
    this.guests.set(key, guest)
    socket.once('close', () => {
      if (this.guests.get(key) === guest) this.guests.delete(key)
    })
  }

  private find(may: (guest: Guest) => boolean): Socket | undefined {
    for (const guest of this.guests.values()) {
      if (guest.asking === 0 && may(guest)) return guest.socket
    }
    return undefined
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const guest = this.guests.get(keyOf(request.socket))
    if (guest === undefined) return
    guest.asking++
    guest.served = true
    response.once('close', () => guest.asking--)
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
