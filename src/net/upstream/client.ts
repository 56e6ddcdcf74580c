import { failed, type Outcome, type Peer } from './outcome.ts'
import { Pool, type PoolOptions } from './pool.ts'
import { StreamConnection, type TlsClient } from './stream.ts'
import { UdpConnection } from './udp.ts'

/** A way to another server. */
export interface ClientOptions extends PoolOptions {
  readonly peer: Peer
  /** Local address for everything sent; undefined lets the kernel choose. */
  readonly source: string | undefined
  /** DNS over TLS for everything; undefined for plain UDP and TCP. */
  readonly tls: TlsClient | undefined
}

/** Sends messages to one server over UDP, TCP or TLS, on connections that it keeps. */
export class Client {
  readonly udp: Pool
  /** TCP, or TLS where the client has it. */
  readonly stream: Pool
  private readonly tls: boolean

  constructor(options: ClientOptions) {
    const { peer, source, tls, now } = options
    this.tls = tls !== undefined
    this.udp = new Pool(() => UdpConnection.open(peer, source, now), options)
    this.stream = new Pool(
      (dialMs) => StreamConnection.open(peer, { source, dialMs, tls }, now),
      options,
    )
  }

  /** The transport that a message asked for over `proto` really takes. */
  transport(proto: 'udp' | 'tcp'): 'udp' | 'tcp' {
    return this.tls ? 'tcp' : proto
  }

  /** Sends a message, whose id is overwritten, and waits for the reply. */
  exchange(
    message: Buffer,
    proto: 'udp' | 'tcp',
    dialMs: number,
    readMs: number,
  ): Promise<Outcome> {
    const pool = this.transport(proto) === 'udp' ? this.udp : this.stream
    return pool.exchange(message, dialMs, readMs)
  }

  /** Closes all connections once nothing is in flight on them. */
  stop(): void {
    this.udp.stop()
    this.stream.stop()
  }
}

/** Sends one message on a connection of its own. */
export async function exchangeOnce(
  message: Buffer,
  options: Pick<ClientOptions, 'peer' | 'source' | 'tls' | 'now'>,
  proto: 'udp' | 'tcp',
  timeoutMs: number,
): Promise<Outcome> {
  const { peer, source, tls, now } = options
  const connection =
    proto === 'udp' && tls === undefined
      ? await UdpConnection.open(peer, source, now)
      : await StreamConnection.open(peer, { source, tls, dialMs: timeoutMs }, now)
  if ('kind' in connection) return connection
  const outcome = await connection.exchange(message, timeoutMs)
  connection.close()
  return outcome.kind === 'failed' ? failed(outcome.error, outcome.local) : outcome
}
