/** An address and a port; IPv6 without brackets, a link-local zone kept. */
export interface Peer {
  readonly address: string
  readonly port: number
}

/** What became of one message sent to another server. */
export type Outcome = Arrived | Failed

/** A message came back with the id that was sent. Its octets are the caller's. */
export interface Arrived {
  readonly kind: 'arrived'
  readonly message: Buffer
  /** The local end of the connection. */
  readonly local: Peer
  readonly proto: 'udp' | 'tcp'
}

/** None came. */
export interface Failed {
  readonly kind: 'failed'
  /** Why, in the words that operators match logs with: `read udp 10.0.0.1:4->192.0.2.1:53: i/o timeout`. */
  readonly error: string
  /** The connection had been used before and the other side had closed it: a fresh one may serve. */
  readonly stale: boolean
  /** The local end, as far as there was one. */
  readonly local: Peer | undefined
}

export function failed(error: string, local?: Peer, stale = false): Failed {
  return { kind: 'failed', error, stale, local }
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export function hostPort({ address, port }: Peer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Whether a number is a port that can be sent to. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 0xffff
}

/** Words for errors of the operating system. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EAFNOSUPPORT: 'address family not supported by protocol',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  EINVAL: 'invalid argument',
  EMFILE: 'too many open files',
  EMSGSIZE: 'message too long',
  ENETUNREACH: 'network is unreachable',
  ENOBUFS: 'no buffer space available',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  ETIMEDOUT: 'connection timed out',
}

export const TIMED_OUT = 'i/o timeout'

/** The reason of a Node error; undefined when it is none of the operating system's. */
export function reasonOf(error: Error): string | undefined {
  return REASONS[(error as NodeJS.ErrnoException).code ?? '']
}

/** `dial tcp 192.0.2.1:53: connect: connection refused`. */
export function dialError(network: string, peer: Peer, error: Error): string {
  const call = (error as NodeJS.ErrnoException).syscall === 'bind' ? 'bind' : 'connect'
  return `dial ${network} ${hostPort(peer)}: ${call}: ${reasonOf(error) ?? error.message}`
}

/** `read udp 127.0.0.1:4000->192.0.2.1:53: read: connection refused`. */
export function readError(network: string, local: Peer, peer: Peer, error: Error): string {
  const reason = reasonOf(error)
  return reason === undefined
    ? error.message
    : `${ends('read', network, local, peer)}: read: ${reason}`
}

/** `read udp 127.0.0.1:4000->192.0.2.1:53: i/o timeout`. */
export function readTimeout(network: string, local: Peer, peer: Peer): string {
  return `${ends('read', network, local, peer)}: ${TIMED_OUT}`
}

function ends(operation: string, network: string, local: Peer, peer: Peer): string {
  return `${operation} ${network} ${hostPort(local)}->${hostPort(peer)}`
}
