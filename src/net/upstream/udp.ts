import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { Connection } from './connection.ts'
import { dialError, type Failed, failed, isPort, type Peer, readError } from './outcome.ts'

/** Addresses are numeric here: nothing is looked up. */
const numeric = (
  host: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void => done(null, host, isIPv6(host) ? 6 : 4)

/** A UDP socket connected to one server, on a port of the kernel's choice. */
export class UdpConnection extends Connection {
  readonly proto = 'udp'
  private readonly socket: Socket

  private constructor(socket: Socket, local: Peer, peer: Peer, now: () => number) {
    super(local, peer, now)
    this.socket = socket
    socket.removeAllListeners('error')
    socket.on('message', (message) => this.take(message))
    socket.on('error', (error) => this.fail(error))
  }

  /**
   * @param source local address; undefined lets the kernel choose
   * @param now the monotonic clock in milliseconds
   */
  static open(
    peer: Peer,
    source: string | undefined,
    now: () => number,
  ): Promise<UdpConnection | Failed> {
    if (!isPort(peer.port))
      return Promise.resolve(failed(`dial udp: address ${peer.port}: invalid port`))
    // Node throws, and the kernel would take it and then send nothing.
    if (peer.port === 0) {
      return Promise.resolve(failed(dialError('udp', peer, new Error('invalid argument'))))
    }
    const type = isIPv6(peer.address) ? 'udp6' : 'udp4'
    const socket = createSocket({ type, lookup: numeric as never })
    return new Promise((done) => {
      const refuse = (error: Error) => {
        close(socket)
        done(failed(dialError('udp', peer, error)))
      }
      socket.once('error', refuse)
      // A way that the kernel does not have is told to the callback, not as an event.
      const connected = (error?: Error) => {
        if (error === undefined) done(new UdpConnection(socket, socket.address(), peer, now))
        else refuse(error)
      }
      const connect = () => socket.connect(peer.port, peer.address, connected as () => void)
      if (source === undefined) connect()
      else socket.bind({ address: source, port: 0, exclusive: true }, connect)
    })
  }

  protected write(message: Buffer): void {
    this.socket.send(message, (error) => {
      if (error !== null && error !== undefined) this.fail(error)
    })
  }

  protected destroy(): void {
    close(this.socket)
  }

  private fail(error: Error): void {
    this.end(failed(readError('udp', this.local, this.peer, error), this.local))
  }
}

function close(socket: Socket): void {
  socket.removeAllListeners()
  socket.on('error', () => {})
  try {
    socket.close()
  } catch {
    // Closed already, by the error that brought us here.
  }
}
