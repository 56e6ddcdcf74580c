import { HttpListeners } from './admin/http.ts'
import { Registry } from './admin/metrics.ts'
import { UnreadableCorefile } from './corefile/errors.ts'
import { configurationHash } from './corefile/hash.ts'
import { preferredSyntaxWarning } from './corefile/keys.ts'
import type { CorefileInput, ServerBlock } from './corefile/parser.ts'
import type { Logger } from './log.ts'
import type { DataPlane } from './net/plane.ts'
import { ORDER } from './plugin/order.ts'
import type { Host } from './plugin/setup.ts'
import { Drain, declareDrain } from './server/drain.ts'
import { systemHost } from './server/host.ts'
import { Instance } from './server/instance.ts'
import { Listeners } from './server/listeners.ts'
import { Observer } from './server/observe/observer.ts'
import { plan } from './server/plan.ts'
import { makeDataPlane } from './server/plane.ts'
import { type Readable, readBlocks } from './server/readable.ts'
import { SharedPool } from './server/shared.ts'
import { countThreads, readLimits, socketsWanted } from './server/threads.ts'
import type { Table } from './table/table.ts'
import { TableVersions } from './table/versions.ts'
import { VERSION } from './version.ts'

export interface ServerOptions {
  readonly log: Logger
  /** Variables for `{$NAME}` and for in-cluster credentials. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Base of relative paths in the Corefile. */
  readonly workingDirectory: string
  /** Prints a line of the start: zones and ports, warnings; undefined for none. */
  readonly print?: ((line: string) => void) | undefined
  /** Port of keys that name none; 53. */
  readonly defaultPort?: number
  /** Data threads. */
  readonly threads?: number | undefined
  /** MiB of the answer table, {@link DEFAULT_TABLE_MIB} by default; 0 for none. */
  readonly tableMib?: number
  /** Ends the process because a plugin says so; without it the error is thrown away with the server stopped. */
  readonly fatal?: Host['fatal']
}

/** MiB of the answer table without a wish. */
export const DEFAULT_TABLE_MIB = 32

const DIRECTIVES: ReadonlySet<string> = new Set(ORDER.map((module) => module.name))

/** Why a reload gave up: the process ends. */
const LEAVING = new Error('the server is told to end')

/** Gives the Corefile's text; undefined where there is none. Asked at the start and at each reload. */
export type CorefileSource = () => CorefileInput | undefined

/** What lasts as long as the server runs. */
interface Running {
  readonly plane: DataPlane
  readonly listeners: Listeners
  readonly table: Table | undefined
  ailment(): string | undefined
  close(): Promise<void>
}

/** A Corefile in, a running server out. */
export class Server {
  readonly metrics = new Registry()
  readonly http = new HttpListeners()

  private readonly options: ServerOptions
  private readonly host: Host
  private readonly shared = new SharedPool()
  private readonly versions = new TableVersions()
  private readonly observer: Observer
  private running: Running | undefined
  private source: CorefileSource = () => undefined
  private instance: Instance | undefined
  private hash = ''
  private refused = ''
  private changing: Promise<void> = Promise.resolve()
  private ending: Drain | undefined
  /** Rejected with {@link LEAVING} once the process is told to end: a reload gives up where it waits. */
  private readonly leaving = Promise.withResolvers<never>()
  private drained: Promise<void> | undefined
  private stopping: Promise<void> | undefined

  constructor(options: ServerOptions) {
    this.options = options
    declareDrain(this.metrics)
    this.leaving.promise.catch(() => {})
    this.host = systemHost({
      environment: options.environment,
      version: VERSION,
      fatal: options.fatal ?? (() => void this.stop()),
      reload: (force) => this.reload(force),
      configurationHash: () => this.hash,
      ailment: () => this.running?.ailment(),
    })
    this.observer = new Observer(this.host, () => this.running?.plane)
  }

  /**
   * Reads the Corefile, sets everything up, and serves.
   *
   * @throws CorefileError and what set-up throws, before any DNS socket opens; an Error `Listen: …` when a socket cannot be opened
   */
  async start(source: CorefileSource): Promise<void> {
    this.source = source
    const { blocks, path } = this.read(DIRECTIVES)
    this.hash = configurationHash(blocks)
    const running = this.makeRunning(blocks)
    this.running = running
    let instance: Instance | undefined
    try {
      instance = await this.build(running, blocks, path)
      await instance.start()
      await this.serve(running, instance)
    } catch (error) {
      await running.close()
      await instance?.stop()
      throw error
    }
  }

  /**
   * Reads the Corefile anew and, if it changed or `force` is set, takes it over: sockets and watches that it still asks for are kept. A bad one is
   * refused, the old one serves on, and the same bad one is not tried again. Gives up, without a word, when the server is told to end meanwhile.
   *
   * @throws UnreadableCorefile when the form of the text is wrong and `force` is not set; else what is wrong with the new one
   */
  reload(force: boolean): Promise<void> {
    const run = this.changing.then(() => this.change(force))
    this.changing = run.catch(() => {})
    return run
  }

  /**
   * Is no longer ready and goes on serving, watches and all, until clients have stopped asking: a lameduck is the least, 25 seconds are the most. To be followed by
   * {@link stop}. Safe to call twice.
   */
  drain(): Promise<void> {
    this.leaving.reject(LEAVING)
    this.drained ??= this.goOn()
    return this.drained
  }

  /** Closes the sockets with their queues answered, and stops; at once, whether or not a drain is going on. Safe to call twice. */
  stop(): Promise<void> {
    this.leaving.reject(LEAVING)
    this.stopping ??= this.shutDown()
    return this.stopping
  }

  /** The port that a listener got, by its label such as `dns://127.0.0.1:0`, for those that asked for port 0. */
  port(label: string): number | undefined {
    return this.running?.listeners.port(label)
  }

  /** @param known the directives that there are; undefined where every word is one */
  private read(known: ReadonlySet<string> | undefined): Readable {
    return readBlocks(this.source(), this.options, known)
  }

  /** The data threads, the table and the listeners: made once, for as long as the server runs. */
  private makeRunning(blocks: readonly ServerBlock[]): Running {
    const { log, threads, tableMib = DEFAULT_TABLE_MIB } = this.options
    const data = makeDataPlane({
      log,
      metrics: this.metrics,
      versions: this.versions.counters,
      threads: threads ?? socketsWanted(blocks) ?? countThreads(readLimits()),
      tableMib,
      observer: this.observer,
    })
    const { plane, table, onFailure } = data
    const { metrics, host, observer } = this
    const listeners = new Listeners({ log, metrics, host, plane, table, observer, onFailure })
    const close = async () => {
      await listeners.close()
      await data.close()
    }
    return { plane, listeners, table, ailment: data.ailment, close }
  }

  private build(running: Running, blocks: readonly ServerBlock[], file: string): Promise<Instance> {
    return Instance.create(blocks, {
      log: this.options.log,
      metrics: this.metrics,
      http: this.http,
      versions: this.versions,
      host: this.host,
      observer: this.observer,
      shared: this.shared.holder(),
      // Without a table nobody repeats a reply: what names its serial is made anew each time.
      serials: running.table?.serials ?? { set: () => {} },
      modules: ORDER,
      defaultPort: this.options.defaultPort ?? 53,
      file,
    })
  }

  private async serve({ listeners }: Running, instance: Instance): Promise<void> {
    const planned = plan(instance.blocks)
    await listeners.follow(planned)
    const first = this.instance === undefined
    this.instance = instance
    instance.serving()
    if (!first) return
    for (const block of instance.blocks) {
      for (const key of block.settings.keys) {
        const warning = preferredSyntaxWarning(key.zone)
        if (warning !== undefined) this.options.print?.(warning)
      }
    }
    for (const listener of planned) for (const line of listener.banner) this.options.print?.(line)
  }

  private async change(force: boolean): Promise<void> {
    const { log } = this.options
    const { running } = this
    if (this.ending !== undefined || this.stopping !== undefined || running === undefined) return
    const changed = this.changedForm()
    if (!force) {
      if (changed instanceof Error) throw changed
      if (changed === undefined || changed === this.refused) return
    }
    log.info('Reloading')
    try {
      await this.takeOver(running)
    } catch (error) {
      if (error === LEAVING) return
      if (typeof changed === 'string') this.refused = changed
      log.error(`Restart failed: ${(error as Error).message}`)
      throw error
    }
    this.refused = ''
    log.info('Reloading complete')
  }

  /** The hash of the Corefile as it is now, with directives that there are or not; undefined where it says what is served. */
  private changedForm(): string | undefined | UnreadableCorefile {
    try {
      const hash = configurationHash(this.read(undefined).blocks)
      if (hash !== this.hash) return hash
      this.refused = ''
      return undefined
    } catch (error) {
      return new UnreadableCorefile((error as Error).message, { cause: error })
    }
  }

  /** @throws LEAVING, and what is wrong with the new configuration; the old one serves on */
  private async takeOver(running: Running): Promise<void> {
    const { blocks, path, emptied } = this.read(DIRECTIVES)
    // An editor empties the file before it writes it: no reason to serve the default instead.
    if (emptied !== undefined && configurationHash(blocks) !== this.hash) {
      throw new Error(`${emptied}: there is no server block in it`)
    }
    const building = this.build(running, blocks, path)
    const next = await this.unlessLeaving(building, (late) => late.stop())
    const { instance: old, hash: oldHash } = this
    this.hash = configurationHash(blocks)
    try {
      plan(next.blocks)
      await this.unlessLeaving(next.start())
      await this.serve(running, next)
    } catch (error) {
      this.hash = oldHash
      await next.stop()
      throw error
    }
    await old?.stop()
  }

  /** What the work comes to, or {@link LEAVING}; `late` is told what comes after that. */
  private unlessLeaving<T>(work: Promise<T>, late: (result: T) => unknown = () => {}): Promise<T> {
    this.leaving.promise.catch(() => work.then(late)).catch(() => {})
    return Promise.race([work, this.leaving.promise])
  }

  private async shutDown(): Promise<void> {
    await this.changing
    await this.running?.close()
    this.ending?.end()
    await this.instance?.stop()
  }

  private async goOn(): Promise<void> {
    const { log } = this.options
    const none = { received: 0, lost: 0 }
    this.ending = new Drain({
      traffic: () => this.running?.listeners.traffic() ?? none,
      log,
      metrics: this.metrics,
      now: this.host.now,
    })
    await this.changing
    await this.ending.run(this.instance?.finish() ?? Promise.resolve())
  }
}
