import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { HttpListeners } from '../admin/http.ts'
import type { Registry } from '../admin/metrics.ts'
import type { Dispenser } from '../corefile/dispenser.ts'
import type { ServerKey } from '../corefile/keys.ts'
import type { Logger } from '../log.ts'
import type { Name } from '../wire/name.ts'
import type { Versions } from './lifetime.ts'
import type { Observe } from './observe.ts'
import type { Plugin } from './plugin.ts'
import type { LiveSerials } from './reply.ts'
import type { Walk } from './why.ts'

/** A directive of the Corefile: what `order.ts` lists. */
export interface PluginModule {
  readonly name: string
  /** A second occurrence in one block is an error: `plugin/NAME: this plugin can only be used once per Server Block`. */
  readonly once?: boolean
  /**
   * Turns the block's lines of this directive into a plugin; undefined where the directive only changes {@link Setup.block}. Opens nothing: that is for
   * {@link Setup.onStart}. What it throws is shown as `plugin/NAME: MESSAGE` and ends the start.
   */
  setup(setup: Setup): Plugin | undefined | Promise<Plugin | undefined>
}

/** What a plugin is set up from and with. */
export interface Setup {
  /** The directive's tokens, all its occurrences in the block one after the other. */
  readonly tokens: Dispenser
  /** The server block: its keys, and what configuration-only directives set for it. */
  readonly block: Block
  /** Lines begin with `plugin/NAME: `. */
  readonly log: Logger
  readonly metrics: Registry
  /** HTTP listeners for admin pages; one address is shared by all that name it, and survives reloads. */
  readonly http: HttpListeners
  readonly versions: Versions
  /** Where live SOA serials are noted; without it a reply names none, and ends when its serial changes. */
  readonly serials?: LiveSerials
  readonly host: Host
  /** Another plugin of the same block, once all are set up: undefined during set-up, so ask in {@link onStart} or later. */
  plugin(name: string): Plugin | undefined
  /** All plugins of the block in chain order, once all are set up. */
  plugins(): readonly Plugin[]
  /** All plugins of all blocks, block after block, once all are set up (plugin page). */
  everyPlugin?(): readonly Plugin[]
  /**
   * Sends a copy of a question through the chains of all blocks and notes the way it takes (plugin explain); once all blocks are set up.
   *
   * @param question `bare` for the answer alone: nothing is explained
   */
  walk?(question: { qname: Name; qtype: number; client: string; bare?: boolean }): Promise<Walk>
  /** Who asks what, and what becomes of it (plugins page and explain): nothing is observed unless someone asks for it. */
  readonly observe?: Observe
  /**
   * Something that outlives a reload when the next configuration asks for the same key: sockets, watches. `close` is called once no instance
   * uses it any more.
   */
  shared<T extends Shared>(key: string, create: () => T): T
  /** Runs before any DNS socket opens, block after block in chain order; what it throws ends the start. */
  onStart(run: () => void | Promise<void>): void
  /** Puts a plugin into the chains of all blocks, at this directive's place. */
  everywhere?(plugin: Plugin): void
  /** Runs when the sockets are open and this instance answers. */
  onServing?(run: () => void): void
  /** Runs when this instance has been replaced by a reload, or the process ends. */
  onStop(run: () => void | Promise<void>): void
  /** Runs when the process ends, before the DNS sockets close (a lameduck waits here) and before {@link onStop}; not on a reload. */
  onFinalShutdown(run: () => void | Promise<void>): void
}

export interface Shared {
  close(): void | Promise<void>
}

/** The world outside, which tests replace. */
export interface Host {
  /** Milliseconds of the monotonic clock. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
  /** In [0, 1). */
  random(): number
  readonly hostname: string
  /** Muster's version, such as `0.1.0`. */
  readonly version: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ends the process after this instance has stopped; `exitCode` 1 for the loop plugin. */
  fatal(text: string, exitCode: number): void
  /** Reads the Corefile anew and takes it over if it changed or `force` is set. Without `force` it throws UnreadableCorefile for one that cannot be read. */
  reload(force: boolean): Promise<void>
  /** What is the matter with the process, for the page /health: why it should be started anew; undefined while nothing is. */
  ailment?(): string | undefined
  /** The SHA-512 of the running configuration in hex. */
  configurationHash(): string
}

/** A server block. Directives such as bind, tls and timeouts write their settings here; the server reads them when all are set up. */
export interface Block {
  /** The keys, CIDR keys expanded. */
  readonly keys: readonly ServerKey[]
  /** Zones of the keys, lower case, in the order of the keys, without duplicates. */
  readonly zones: readonly Name[]
  /** Path of the Corefile's own text, for messages. */
  readonly file: string
  /** Base of relative paths (`root`); '' for the working directory. */
  root: string
  /** Addresses to listen on (`bind`); empty for all. */
  listenHosts: string[]
  /** Stream time-outs in milliseconds and the bound on queries per connection, -1 for none (`timeouts`). */
  timeouts: { readMs: number; writeMs: number; idleMs: number; maxTcpQueries: number }
  /** Certificates for encrypted listeners (`tls`); undefined without. */
  tls: TlsSettings | undefined
  /** Listening sockets per address, which is the number of data threads here (`multisocket`); undefined without. */
  sockets: number | undefined
  /** Bounds of stream listeners (`https`, `grpc_server`, …), connections and streams; 0 for no bound. */
  limits: { httpsConnections: number; grpcConnections: number; grpcStreams: number }
  /** Name of the block's view (`view`); '' without. */
  view: string
  /** Whether a bug in a plugin ends the process with its stack instead of SERVFAIL (`debug`). */
  debug: boolean
  /** Whether the log line about such a bug shows its stack (`errors { stacktrace }`). */
  stacktrace: boolean
}

/** TLS material and how clients are asked for theirs; `load` reads the files again. */
export interface TlsSettings {
  load(): SecureContextOptions
  readonly files: readonly string[]
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
  /** Whether a connection goes on, after the handshake; undefined where the two settings above say it all. */
  readonly accepts?: (peer: {
    /** It gave a certificate. */
    readonly given: boolean
    /** The certificate was verified. */
    readonly authorized: boolean
  }) => boolean
  /** What a connection that names a server is shown; false where there is nothing for it, and it must not go on; undefined, or without the method, what {@link load} gives. */
  readonly contextFor?: (serverName: string) => SecureContext | false | undefined
  /** Takes the lines of the event `keylog` of each connection; undefined without `keylog`. */
  readonly keylog?: (line: Buffer) => void
}
