import { readFileSync } from 'node:fs'
import { HttpListeners } from '../../src/admin/http.ts'
import { Registry } from '../../src/admin/metrics.ts'
import { Dispenser } from '../../src/corefile/dispenser.ts'
import { systemIo } from '../../src/corefile/io.ts'
import { parseKey } from '../../src/corefile/keys.ts'
import { parseCorefile } from '../../src/corefile/parser.ts'
import { createLogger, type Logger } from '../../src/log.ts'
import type { Transport } from '../../src/net/listener.ts'
import type { Versions } from '../../src/plugin/lifetime.ts'
import { link, type Plugin } from '../../src/plugin/plugin.ts'
import { type Exchange, Query } from '../../src/plugin/query.ts'
import { giveUp, type Reply, replyTo } from '../../src/plugin/reply.ts'
import type { Block, Host, PluginModule, Setup, Shared } from '../../src/plugin/setup.ts'
import { Responder } from '../../src/server/respond.ts'
import { type RoutedBlock, Router } from '../../src/server/router.ts'
import { CLASS, RCODE, TYPE, typeFromText } from '../../src/wire/codes.ts'
import { DNSSEC_OK, type Option } from '../../src/wire/edns.ts'
import { FLAG } from '../../src/wire/header.ts'
import { type Name, name } from '../../src/wire/name.ts'
import type { Octets } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'
import { differences } from '../parity/compare.ts'
import { replyText, rr } from './records.ts'

export { replyText, rr, rrText } from './records.ts'

/** How a question is asked: `a.test. A`, over UDP from 127.0.0.1 with RD unless said otherwise. */
export interface Asking {
  readonly from?: string
  readonly fromPort?: number
  readonly to?: string
  readonly transport?: Transport
  /** Header flags; RD by default. */
  readonly flags?: number
  readonly qclass?: number
  /** Payload size of an OPT record; none without. */
  readonly udpSize?: number
  readonly dnssecOk?: boolean
  readonly options?: readonly Option[]
}

/** What a chain is set up with, where the defaults do not do. */
export interface Arrangement {
  /** Keys of the block that the snippet is put into; `.` by default. */
  readonly keys?: string
  /** What stands behind the snippet's plugins: an answer to every question, or a plugin. */
  readonly backend?: Plugin
  readonly host?: Partial<Host>
  readonly versions?: Versions
  readonly http?: HttpListeners
  readonly metrics?: Registry
  /** What several chains share, as configurations before and after a reload do. */
  readonly shared?: Map<string, Shared>
  /** The working directory's part in messages, and where imports are looked up. */
  readonly path?: string
}

/**
 * A Corefile set up without sockets: its blocks, linked and routed as the server does.
 *
 *     const chain = await arrange('minimal', [minimal], { backend: answering('a.test. 60 IN A 192.0.2.1') })
 *     t.equal(await chain.ask('a.test. A'), 'NOERROR qr aa rd\na.test. 60 IN A 192.0.2.1')
 */
export class Chain {
  readonly blocks: { readonly settings: Block; readonly plugins: Plugin[] }[] = []
  readonly log: string[] = []
  readonly logger: Logger
  readonly metrics: Registry
  readonly http: HttpListeners
  readonly host: Host
  readonly versions: Versions
  readonly shared: Map<string, Shared>
  /** What {@link Host.fatal} was told. */
  readonly fatal: string[] = []
  router!: Router
  responder!: Responder
  private readonly starts: (() => void | Promise<void>)[] = []
  private readonly stops: (() => void | Promise<void>)[] = []
  private readonly finals: (() => void | Promise<void>)[] = []
  private readonly writer = new Writer()

  constructor(arrangement: Arrangement) {
    this.logger = createLogger({ debug: true, write: (line) => void this.log.push(line.trimEnd()) })
    this.metrics = arrangement.metrics ?? new Registry()
    this.http = arrangement.http ?? new HttpListeners()
    this.versions = arrangement.versions ?? new CountedVersions()
    this.shared = arrangement.shared ?? new Map()
    this.host = {
      now: () => performance.now(),
      wallClock: () => Date.now(),
      random: () => Math.random(),
      hostname: 'berth',
      version: '0.1.0',
      environment: {},
      fatal: (text) => void this.fatal.push(text),
      reload: () => Promise.resolve(),
      configurationHash: () => 'c0ffee',
      ...arrangement.host,
    }
  }

  /** The first block's plugin of this name. */
  plugin(name: string): Plugin {
    const found = this.blocks[0]?.plugins.find((plugin) => plugin.name === name)
    if (found === undefined) throw new TypeError(`no plugin ${name}`)
    return found
  }

  /** Runs what the plugins do at the start. */
  async start(): Promise<this> {
    for (const start of this.starts) await start()
    return this
  }

  /** Runs what the plugins do when their configuration is given up; first what they do when the process ends, if it does. */
  async stop(final = false): Promise<void> {
    if (final) for (const run of this.finals) await run()
    for (const stop of this.stops) await stop()
  }

  /** The reply to `NAME TYPE`, as lines in the manner of dig. */
  async ask(question: string, asking: Asking = {}): Promise<string> {
    return replyText(await this.reply(question, asking))
  }

  /** The reply to `NAME TYPE`. */
  reply(question: string, asking: Asking = {}): Reply | Promise<Reply> {
    return this.router.serve(queryFor(question, asking, this.router))
  }

  /** The message that a packet is answered with; undefined for silence. */
  async send(packet: Buffer, asking: Asking = {}): Promise<Buffer | undefined> {
    const response = await this.responder.handle(packet, {
      transport: asking.transport ?? 'udp',
      client: { address: asking.from ?? '127.0.0.1', port: asking.fromPort ?? 40_000 },
      local: { address: asking.to ?? '127.0.0.1', port: 5500 },
    })
    if (response === undefined) return undefined
    if (response instanceof Uint8Array) return Buffer.from(response)
    for await (const message of response) return Buffer.from(message)
    return undefined
  }

  /** The samples of the metrics whose line begins so, in the order of exposition. */
  async samples(prefix: string): Promise<string[]> {
    return (await this.metrics.expose()).split('\n').filter((line) => line.startsWith(prefix))
  }

  /** @internal */
  async setUp(
    text: string,
    modules: readonly PluginModule[],
    arrangement: Arrangement,
  ): Promise<void> {
    const path = arrangement.path ?? 'Corefile'
    const io = systemIo('/', {}, (warning) => void this.log.push(warning))
    const names = new Set(modules.map((module) => module.name))
    const parsed = parseCorefile({ text, path }, io, names)
    for (const { keys } of parsed)
      this.blocks.push({
        settings: emptyBlock(
          keys.map((key) => key.text),
          path,
        ),
        plugins: [],
      })
    for (const module of modules) {
      for (const [i, { directives }] of parsed.entries()) {
        const tokens = directives.get(module.name)
        const block = this.blocks[i] as (typeof this.blocks)[number]
        if (tokens === undefined) continue
        const plugin = await module.setup(this.setupFor(module, new Dispenser(path, tokens), block))
        if (plugin !== undefined) block.plugins.push(plugin)
      }
    }
    if (arrangement.backend !== undefined) {
      for (const block of this.blocks) block.plugins.push(arrangement.backend)
    }
    this.connect()
  }

  private setupFor(
    module: PluginModule,
    tokens: Dispenser,
    block: (typeof this.blocks)[number],
  ): Setup {
    return {
      tokens,
      block: block.settings,
      log: this.logger.plugin(module.name),
      metrics: this.metrics,
      http: this.http,
      versions: this.versions,
      host: this.host,
      plugin: (name) => block.plugins.find((plugin) => plugin.name === name),
      plugins: () => block.plugins,
      shared: <T extends Shared>(key: string, create: () => T) => {
        if (!this.shared.has(key)) this.shared.set(key, create())
        return this.shared.get(key) as T
      },
      onStart: (run) => void this.starts.push(run),
      onStop: (run) => void this.stops.push(run),
      onFinalShutdown: (run) => void this.finals.push(run),
    }
  }

  private connect(): void {
    const routed = this.blocks.flatMap(({ settings, plugins }) =>
      settings.zones.map((zone): RoutedBlock => {
        const chain = plugins.length === 0 ? undefined : link(plugins)
        return {
          zone,
          view: settings.view,
          bugs: settings,
          chain,
          echoes: plugins.flatMap((plugin) => plugin.echoes ?? []),
          explains: plugins.some(({ name }) => name === 'explain'),
          takesAnyClass: plugins.some((plugin) => plugin.takesAnyClass === true),
          prepare: (query) => {
            for (const plugin of plugins) plugin.prepare?.(query)
          },
          passes: (query) => plugins.every((plugin) => plugin.filter?.(query) !== false),
          filtered: plugins.some((plugin) => plugin.filter !== undefined),
          mayDenyBelow: () => false,
          closedZone: () => undefined,
        }
      }),
    )
    this.router = new Router('dns://:53', routed, {
      dropped: () => {},
      writer: this.writer,
      guard: (query, run) => run(query),
    })
    this.responder = new Responder(this.router, this.writer, this.host.now)
  }
}

/** Sets up directives in one block with the modules given, which stand in the order of the chain. Throws what set-up throws. */
export async function arrange(
  directives: string,
  modules: readonly PluginModule[],
  arrangement: Arrangement = {},
): Promise<Chain> {
  const lines = `${arrangement.keys ?? '.'} {\n${directives}\n}\n`
  return arrangeAll(lines, modules, arrangement)
}

/** Sets up a whole Corefile. */
export async function arrangeAll(
  corefile: string,
  modules: readonly PluginModule[],
  arrangement: Arrangement = {},
): Promise<Chain> {
  const chain = new Chain(arrangement)
  await chain.setUp(corefile, modules, arrangement)
  return chain
}

/** What set-up says about directives that are wrong; '' when it finds nothing. The directives begin in line 2. */
export async function mistake(
  directives: string,
  modules: readonly PluginModule[],
  arrangement: Arrangement = {},
): Promise<string> {
  try {
    await arrange(directives, modules, arrangement)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/** A query as the server makes it of a packet. */
export function queryFor(question: string, asking: Asking, router?: Router): Query {
  const [text = '', type = 'A'] = question.split(' ')
  const qtype = typeFromText(type) ?? TYPE.A
  const exchange: Exchange = {
    transport: asking.transport ?? 'udp',
    client: { address: asking.from ?? '127.0.0.1', port: asking.fromPort ?? 40_000 },
    local: { address: asking.to ?? '127.0.0.1', port: 53 },
    listener: router ?? {
      label: 'dns://:53',
      resolve: (query) => giveUp(query, 'test', RCODE.REFUSED),
      fit: (_, reply) => reply,
    },
    started: 0,
    packet: undefined,
    depth: 0,
    deadline: Number.POSITIVE_INFINITY,
  }
  const id = 4711
  const flags = asking.flags ?? FLAG.RD
  const asked = { qname: name(text), qtype, qclass: asking.qclass ?? CLASS.IN }
  const opt =
    asking.udpSize === undefined
      ? undefined
      : {
          udpSize: asking.udpSize,
          extendedRcode: 0,
          version: 0,
          flags: asking.dnssecOk === true ? DNSSEC_OK : 0,
          options: asking.options ?? [],
        }
  const none = { answer: [], authority: [], additional: [] }
  const message = { id, flags, question: asked, ...none, opt, whole: true }
  return new Query(exchange, { id, flags, question: asked, opt }, message)
}

/** A plugin that answers every question with these records (zone-file text), AA set, as often as it is asked. */
export function answering(...records: readonly string[]): Plugin {
  return replying({ answer: records.map(rr) })
}

/** A plugin that gives every question this reply; AA set unless `flags` say otherwise. */
export function replying(change: Partial<Reply>): Plugin {
  return {
    name: 'backend',
    keepsLifetimes: true,
    serve: (query) => {
      const reply = replyTo(query, 'backend')
      return { ...reply, flags: reply.flags | FLAG.AA, ...change }
    },
  }
}

/** Version counters that count, one slot a key. */
export class CountedVersions implements Versions {
  private readonly slots = new Map<string, number>()
  private readonly counts: number[] = []

  slot(key: string): number {
    const slot = this.slots.get(key) ?? this.slots.size
    this.slots.set(key, slot)
    return slot
  }
  read(slot: number): number {
    return this.counts[slot] ?? 0
  }
  bump(keys: Iterable<string>): void {
    for (const key of keys) this.counts[this.slot(key)] = this.read(this.slot(key)) + 1
  }
  whole(store: string): number {
    return this.slot(`whole:${store}`)
  }
}

function emptyBlock(keys: readonly string[], file: string): Block {
  const parsed = keys.flatMap((key) => parseKey(key, 53))
  return {
    keys: parsed,
    zones: [...new Set(parsed.map((key) => name(key.zone)))] as Name[],
    file,
    root: '',
    listenHosts: [],
    timeouts: { readMs: 3000, writeMs: 5000, idleMs: 10_000, maxTcpQueries: -1 },
    tls: undefined,
    sockets: undefined,
    limits: { httpsConnections: 200, grpcConnections: 200, grpcStreams: 256 },
    view: '',
    debug: false,
    stacktrace: false,
  }
}

/** Octets given in hexadecimal. */
export const hex = (text: string): Octets => Buffer.from(text, 'hex').toString('latin1') as Octets

interface Recording {
  readonly corefile: string
  readonly serial?: boolean
  readonly exchanges: readonly {
    readonly q?: {
      readonly proto?: 'tcp'
      readonly from?: string
      readonly fromPort?: number
      readonly ordered?: boolean
      readonly volatile?: string[]
    }
    readonly query?: string
    readonly response?: string | null
    readonly responses?: readonly string[]
  }[]
}

/**
 * Asks what a recording of test/parity/plugins asks, without sockets; its single exchanges, not its streams. Returns the disagreements, one sentence each.
 *
 * @param modules what the recording's Corefile needs, in the order of the chain
 */
export async function replay(
  recording: string,
  modules: readonly PluginModule[],
): Promise<string[]> {
  const file = new URL(`../parity/plugins/${recording}.json`, import.meta.url)
  const { corefile, exchanges, serial } = JSON.parse(readFileSync(file, 'utf8')) as Recording
  const text = corefile.replaceAll('{{port}}', '5500').replaceAll('{{upstream}}', '127.0.0.1:5600')
  const chain = await arrangeAll(text, modules)
  const found: string[] = []
  for (const [i, { q = {}, query, response, responses }] of exchanges.entries()) {
    if (query === undefined) continue
    const expected = responses === undefined ? response : responses[0]
    const answer = await chain.send(Buffer.from(query, 'hex'), {
      transport: q.proto ?? 'udp',
      ...(q.from !== undefined && { from: q.from }),
      ...(q.fromPort !== undefined && { fromPort: q.fromPort }),
    })
    for (const difference of compare(expected ?? null, answer, { ...q, serial: serial === true })) {
      found.push(`exchange ${i} (${JSON.stringify(q)}): ${difference}`)
    }
  }
  return found
}

function compare(
  expected: string | null,
  answer: Buffer | undefined,
  rules: { readonly serial: boolean; readonly ordered?: boolean; readonly volatile?: string[] },
): string[] {
  if (expected === null) return answer === undefined ? [] : ['silence expected']
  if (answer === undefined) return ['no answer']
  return differences(Buffer.from(expected, 'hex'), answer, rules)
}
