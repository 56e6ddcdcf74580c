import type { SecureContext, SecureContextOptions } from 'node:tls'
import { openDatagramSockets } from './datagram.ts'
import type { Front } from './front.ts'
import type { DataPlane } from './plane.ts'
import { StreamListener } from './stream.ts'

/** How messages come in; what a listener is asked for decides it. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'https' | 'grpc'

/** An address and port; IPv4 dotted, IPv6 in RFC 5952 form, `::ffff:` unmapped, a link-local zone kept (`fe80::1%eth0`). */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Where a message came from and where it arrived. */
export interface Peer {
  readonly transport: Transport
  readonly client: Endpoint
  readonly local: Endpoint
  /** When a data thread took the datagram, in milliseconds of `performance.now()`; undefined for what is handed over at once. */
  readonly came?: number
}

/** What goes back: one message, silence, or several messages on a stream (a zone transfer, RFC 5936). */
export type Response = Uint8Array | undefined | AsyncIterable<Uint8Array>

/**
 * Answers one message. A message that is returned at once may be a view of a buffer that the next call uses again: it is copied or sent before that. A
 * message that comes later, by promise or from an iterable, must be octets of its own. The packet is the handler's for as long as the call lasts; what is
 * answered later is answered from a packet that stays as it is.
 */
export type Handle = (packet: Buffer, peer: Peer) => Response | Promise<Response>

/** Time-outs of streams in milliseconds. */
export interface Timeouts {
  /** For the first message of a connection. */
  readonly readMs: number
  /** For octets that a client does not take. */
  readonly writeMs: number
  /** For each message after the first. */
  readonly idleMs: number
  /** Messages that one connection may bring; -1 for any number. */
  readonly maxTcpQueries: number
}

/** Certificates of an encrypted listener; `load` is called again when they are renewed. */
export interface TlsServer {
  load(): SecureContextOptions
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
  /** Whether a connection goes on, after the handshake; undefined where the two settings above say it all. */
  readonly accepts?: (peer: { readonly given: boolean; readonly authorized: boolean }) => boolean
  /** What a connection that names a server is shown; false where it must not go on, undefined for what `load` gave. */
  readonly contextFor?: (serverName: string) => SecureContext | false | undefined
  /** Takes the lines of the event `keylog` of each connection. */
  readonly keylog?: (line: Buffer) => void
}

/** What happened at a listener since it was opened. Bad packets cost a number here, never a log line. */
export interface ListenerStats {
  /** Messages taken in. */
  received: number
  /** Messages sent. */
  sent: number
  /** Messages thrown away before anyone saw them: source port 0, a queue that was full. */
  dropped: number
  /** Messages that could not be sent: a client that is unreachable, a connection that is gone. */
  unsent: number
  /** Handlers that threw, which is a bug: their messages got no answer. */
  failures: number
  /** Connections that were accepted, that were turned away at the bound, and that ran into a time-out. */
  accepted: number
  refused: number
  timedOut: number
}

/** A listener whose sockets are open. */
export interface OpenListener {
  readonly port: number
  readonly stats: ListenerStats
  /** Octets that the kernel queues at each of its sockets, as it says itself; undefined for streams. */
  readonly receiveBufferOctets?: number
  /** Takes nothing new, answers what has come, then closes; after `drainMs` (5 s by default) whatever is left is cut off. */
  close(options?: { readonly drainMs?: number }): Promise<void>
  /** From which configuration of the table ({@link Table.openScope}) queries are answered from now on; 0 for none. */
  useScope(scope: number): void
  /** Loads the certificates again, for connections from now on; nothing without TLS. */
  renew(): void
}

/** Where a listener is opened. */
export interface Place {
  /** An address; '' for all of the machine. */
  readonly host: string
  readonly port: number
  /**
   * Whether this process has the port at another address, too: then a wildcard and an address of its own can only be told apart by SO_REUSEPORT, and nobody asks
   * first whether someone else has the address.
   */
  readonly sharesPort?: boolean
}

export interface DatagramOptions extends Place {
  /** The data threads that answer here; without them datagrams go through node:dgram. */
  readonly plane?: DataPlane | undefined
  /** What each socket's queue in the kernel should hold; 4 MiB by default, or what the kernel grants. */
  readonly receiveBufferOctets?: number
  /** See {@link OpenListener.useScope}. */
  readonly scope?: number
  /** Told of a handler that threw. */
  readonly onFailure?: (error: unknown) => void
}

export interface StreamOptions extends Place {
  readonly transport: 'tcp' | 'tls'
  readonly timeouts: Timeouts
  /** Connections at a time; above it the one that has been idle longest goes. {@link MAX_CONNECTIONS} by default. */
  readonly maxConnections?: number
  /** Makes it DNS over TLS (RFC 7858). */
  readonly tls?: TlsServer
  /** The table, which is asked before the handler. */
  readonly front?: Front | undefined
  /** See {@link OpenListener.useScope}. */
  readonly scope?: number
  /** Told of a handler that threw. */
  readonly onFailure?: (error: unknown) => void
  /** Milliseconds of the monotonic clock. */
  readonly now?: () => number
}

/** Connections that one stream listener holds at a time. */
export const MAX_CONNECTIONS = 4096

/**
 * Opens UDP on an address and answers through `handle`.
 *
 * @throws Error `ListenPacket: listen udp 127.0.0.1:53: bind: address already in use`, or why else it cannot be bound
 */
export function openDatagram(options: DatagramOptions, handle: Handle): Promise<OpenListener> {
  const { plane } = options
  return plane === undefined
    ? openDatagramSockets(options, handle)
    : plane.openDatagram(options, handle)
}

/**
 * Opens TCP, or TLS over TCP, on an address and answers through `handle`.
 *
 * @throws Error `Listen: listen tcp 127.0.0.1:53: bind: address already in use`, or why else it cannot be bound
 */
export function openStream(options: StreamOptions, handle: Handle): Promise<OpenListener> {
  return StreamListener.open(options, handle)
}

export function noStats(): ListenerStats {
  return {
    received: 0,
    sent: 0,
    dropped: 0,
    unsent: 0,
    failures: 0,
    accepted: 0,
    refused: 0,
    timedOut: 0,
  }
}
