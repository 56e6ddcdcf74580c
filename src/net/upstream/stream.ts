import { isIP, type Socket, connect as tcpConnect } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { whenDue } from '../due.ts'
import { Connection } from './connection.ts'
import {
  dialError,
  type Failed,
  failed,
  isPort,
  type Peer,
  readError,
  TIMED_OUT,
} from './outcome.ts'

/** How a stream is opened. */
export interface StreamOptions {
  /** Local address; undefined lets the kernel choose. */
  readonly source: string | undefined
  /** How long opening may take, the TLS handshake included. */
  readonly dialMs: number
  /** Makes it DNS over TLS (RFC 7858). */
  readonly tls: TlsClient | undefined
}

/** What a TLS client needs; its sessions are kept for resumption. */
export interface TlsClient {
  readonly options: ConnectionOptions
  /** Name that the server's certificate is checked against and asked for by SNI; the address without it. */
  readonly serverName: string | undefined
  session: Buffer | undefined
}

/** A TCP or TLS connection to one server: messages with two octets of length before each (RFC 1035 §4.2.2). */
export class StreamConnection extends Connection {
  readonly proto = 'tcp'
  private readonly stream: Socket
  private held: Buffer[] = []
  private heldOctets = 0

  private constructor(stream: Socket, local: Peer, peer: Peer, now: () => number) {
    super(local, peer, now)
    this.stream = stream
    stream.removeAllListeners('error')
    stream.removeAllListeners('end')
    stream.removeAllListeners('close')
    stream.setNoDelay(true)
    stream.on('data', (chunk) => this.receive(chunk))
    stream.on('error', (error) => this.fail(error))
    stream.on('end', () => this.endOfStream())
    stream.on('close', () => this.endOfStream())
  }

  static open(
    peer: Peer,
    options: StreamOptions,
    now: () => number,
  ): Promise<StreamConnection | Failed> {
    if (!isPort(peer.port))
      return Promise.resolve(failed(`dial tcp: address ${peer.port}: invalid port`))
    const stream =
      options.tls === undefined ? dialTcp(peer, options) : dialTls(peer, options.tls, options)
    return new Promise((done) => {
      const fail = (error: string) => {
        inTime()
        stream.removeAllListeners()
        stream.on('error', () => {})
        stream.destroy()
        done(failed(error))
      }
      const late = () => fail(`dial tcp ${peerText(peer)}: ${TIMED_OUT}`)
      const inTime = whenDue(options.dialMs, late)
      stream.once('error', (error) => fail(openError(peer, error)))
      stream.once('close', () => fail('EOF'))
      stream.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
        inTime()
        const local = { address: stream.localAddress ?? '', port: stream.localPort ?? 0 }
        done(new StreamConnection(stream, local, peer, now))
      })
    })
  }

  protected write(message: Buffer): void {
    const framed = Buffer.allocUnsafe(message.length + 2)
    framed.writeUInt16BE(message.length, 0)
    message.copy(framed, 2)
    this.stream.write(framed)
  }

  protected destroy(): void {
    this.stream.removeAllListeners('data')
    this.stream.removeAllListeners('error')
    this.stream.on('error', () => {})
    this.stream.destroy()
  }

  /** Collects octets until a message is whole; one chunk may hold several. */
  private receive(chunk: Buffer): void {
    this.held.push(chunk)
    this.heldOctets += chunk.length
    while (this.heldOctets >= 2) {
      let all = this.held.length === 1 ? (this.held[0] as Buffer) : Buffer.concat(this.held)
      this.held = [all]
      const length = all.readUInt16BE(0)
      if (all.length < 2 + length) return
      const message = Buffer.from(all.subarray(2, 2 + length))
      all = all.subarray(2 + length)
      this.held = [all]
      this.heldOctets = all.length
      this.take(message)
    }
  }

  private endOfStream(): void {
    this.end(failed('EOF', this.local, this.seasoned))
  }

  private fail(error: Error): void {
    this.end(failed(readError('tcp', this.local, this.peer, error), this.local, this.seasoned))
  }
}

const peerText = (peer: Peer): string =>
  isIP(peer.address) === 6 ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`

function dialTcp(peer: Peer, options: StreamOptions): Socket {
  const { source } = options
  return tcpConnect({
    host: peer.address,
    port: peer.port,
    ...(source === undefined ? {} : { localAddress: source }),
  })
}

/** The handshake runs over a TCP connection that knows its source address. */
function dialTls(peer: Peer, tls: TlsClient, options: StreamOptions): TLSSocket {
  const { serverName, session } = tls
  const { source } = options
  const stream = tlsConnect({
    ...tls.options,
    host: peer.address,
    port: peer.port,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(session === undefined ? {} : { session }),
    ...(source === undefined ? {} : { localAddress: source }),
  } as ConnectionOptions)
  stream.on('session', (fresh: Buffer) => {
    tls.session = fresh
  })
  return stream
}

/** Errors of certificates and of the handshake speak for themselves. */
function openError(peer: Peer, error: NodeJS.ErrnoException): string {
  if (error.syscall === 'connect' || error.syscall === 'bind') return dialError('tcp', peer, error)
  if (error.code?.startsWith('ERR_TLS') === true || CERTIFICATE_ERRORS.test(error.code ?? '')) {
    return `tls: failed to verify certificate: ${error.message}`
  }
  return error.code === 'ECONNRESET' ? 'EOF' : error.message
}

const CERTIFICATE_ERRORS =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_|PATH_LENGTH|HOSTNAME_MISMATCH)/
