import type { HttpListeners } from '../admin/http.ts'
import type { Registry } from '../admin/metrics.ts'
import { Dispenser } from '../corefile/dispenser.ts'
import { occurrencesOf } from '../corefile/occurrences.ts'
import type { ServerBlock } from '../corefile/parser.ts'
import type { Logger } from '../log.ts'
import type { Versions } from '../plugin/lifetime.ts'
import type { Plugin } from '../plugin/plugin.ts'
import type { LiveSerials } from '../plugin/reply.ts'
import type { Block, Host, PluginModule, Setup } from '../plugin/setup.ts'
import { newBlock } from './block.ts'
import type { Observer } from './observe/observer.ts'
import type { SharedHolder } from './shared.ts'
import { walk } from './walk.ts'

/** A server block set up: its settings and its chain. */
export interface SetUpBlock {
  readonly settings: Block
  readonly plugins: Plugin[]
}

/** What set-up needs from the process. */
export interface InstanceParts {
  readonly log: Logger
  readonly metrics: Registry
  readonly http: HttpListeners
  readonly versions: Versions
  readonly host: Host
  readonly shared: SharedHolder
  /** Where live SOA serials are noted; undefined without a table. */
  readonly serials: LiveSerials | undefined
  /** Undefined where nothing is served. */
  readonly observer?: Observer
  readonly modules: readonly PluginModule[]
  /** Port of keys that name none. */
  readonly defaultPort: number
  /** Path of the Corefile, for messages. */
  readonly file: string
}

type Hook = () => void | Promise<void>

/** One configuration: all server blocks set up, and the hooks of their plugins. A reload makes another beside it. */
export class Instance {
  readonly blocks: readonly SetUpBlock[]
  private readonly parts: InstanceParts
  private readonly starts: Hook[] = []
  private readonly servings: (() => void)[] = []
  private readonly stops: Hook[] = []
  private readonly finals: Hook[] = []
  private stopped = false

  private constructor(blocks: readonly SetUpBlock[], parts: InstanceParts) {
    this.blocks = blocks
    this.parts = parts
  }

  /**
   * Sets up every directive of every block, directive by directive in the order of the chain, as the reference does: so the first of several mistakes
   * that it reports is the one reported here.
   *
   * @throws what a set-up throws, `plugin/NAME: ` in front
   */
  static async create(parsed: readonly ServerBlock[], parts: InstanceParts): Promise<Instance> {
    const blocks = parsed.map((block) => ({
      settings: newBlock(block, parts.defaultPort, parts.file),
      plugins: [],
    }))
    const instance = new Instance(blocks, parts)
    try {
      for (const module of parts.modules) {
        for (const [i, block] of parsed.entries()) {
          await instance.setUp(module, block, blocks[i] as SetUpBlock)
        }
      }
    } catch (error) {
      await instance.stop()
      throw error
    }
    return instance
  }

  /** Runs what plugins do before sockets open; what throws ends the start, and so does {@link stop}. */
  async start(): Promise<void> {
    for (const start of this.starts) {
      if (this.stopped) return
      await start()
    }
  }

  /** Runs what plugins do once their sockets are open. */
  serving(): void {
    for (const run of this.servings) run()
  }

  /** Runs what plugins do when the process ends, before the DNS sockets close: all at the same time, begun in the order of the chain. */
  async finish(): Promise<void> {
    await Promise.all(this.finals.map(async (final) => final()))
  }

  /** Runs what plugins do when this configuration is no longer served, and lets go of what is shared. */
  async stop(): Promise<void> {
    this.stopped = true
    for (const stop of this.stops) await stop()
    this.stops.length = 0
    await this.parts.shared.release()
  }

  private async setUp(module: PluginModule, block: ServerBlock, to: SetUpBlock): Promise<void> {
    const tokens = block.directives.get(module.name)
    if (tokens === undefined) return
    try {
      if (module.once === true && occurrencesOf(tokens, module.name).length > 1) {
        throw new Error('this plugin can only be used once per Server Block')
      }
      const plugin = await module.setup(
        this.setupFor(module, new Dispenser(to.settings.file, tokens), to),
      )
      if (plugin !== undefined) to.plugins.push(plugin)
    } catch (error) {
      throw new Error(`plugin/${module.name}: ${(error as Error).message}`, { cause: error })
    }
  }

  private setupFor(module: PluginModule, tokens: Dispenser, to: SetUpBlock): Setup {
    const { parts } = this
    const { observer } = parts
    const everyPlugin = () => this.blocks.flatMap(({ plugins }) => plugins)
    return {
      tokens,
      block: to.settings,
      log: parts.log.plugin(module.name),
      metrics: parts.metrics,
      http: parts.http,
      versions: parts.versions,
      host: parts.host,
      plugin: (name) => to.plugins.find((plugin) => plugin.name === name),
      plugins: () => to.plugins,
      everyPlugin,
      ...(parts.serials !== undefined && { serials: parts.serials }),
      ...(observer && { observe: (onTick) => observer.open(everyPlugin, onTick) }),
      walk: (question) => walk(this.blocks, question, parts.host.now),
      shared: (key, create) => parts.shared.get(key, create),
      everywhere: (plugin) => {
        for (const { plugins } of this.blocks) plugins.push(plugin)
      },
      onServing: (run) => void this.servings.push(run),
      onStart: (run) => void this.starts.push(run),
      onStop: (run) => void this.stops.push(run),
      onFinalShutdown: (run) => void this.finals.push(run),
    }
  }
}
