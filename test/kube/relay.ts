import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Passes octets on, until it stops to without telling anybody; connections that come later are sound. */
export class Relay {
  private readonly server = createServer((socket) => this.pass(socket))
  private readonly pairs = new Set<readonly [Socket, Socket]>()
  private to = 0

  /** @returns the port that leads to the other one */
  async listen(to: number): Promise<number> {
    this.to = to
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return (this.server.address() as { port: number }).port
  }

  /** Every connection of now stays open, and nothing comes through any more. */
  freeze(): void {
    for (const [from, to] of this.pairs) {
      for (const socket of [from, to]) socket.removeAllListeners('close')
      from.unpipe(to)
      from.pause()
      to.unpipe(from)
      to.pause()
    }
  }

  close(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy()
    this.server.close()
  }

  private pass(socket: Socket): void {
    const onward = connect(this.to, '127.0.0.1')
    const pair = [socket, onward] as const
    for (const one of pair) {
      one.on('error', () => {})
      one.on('close', () => {
        this.pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
    this.pairs.add(pair)
    socket.pipe(onward)
    onward.pipe(socket)
  }
}
