import { HttpListeners } from '../admin/http.ts'
import { Registry } from '../admin/metrics.ts'
import { Dispenser } from '../corefile/dispenser.ts'
import { linesOf, occurrencesOf } from '../corefile/occurrences.ts'
import type { ServerBlock } from '../corefile/parser.ts'
import type { Token } from '../corefile/token.ts'
import { ConfigurationError } from '../kube/open.ts'
import type { Logger } from '../log.ts'
import type { Plugin } from '../plugin/plugin.ts'
import type { Block, PluginModule, Setup, Shared } from '../plugin/setup.ts'
import { TableVersions } from '../table/versions.ts'
import type { CheckOptions } from './check.ts'
import { type Finding, findingOf } from './finding.ts'
import { systemHost } from './host.ts'

/** Mistakes of one directive that are told. */
const MAX_MISTAKES_EACH = 50
/** Milliseconds for one set-up: credentials may come from a program that asks somebody. */
const PATIENCE_MS = 5000

/** What one try to set a directive up came to. */
type Tried =
  | { readonly plugin: Plugin | undefined; readonly block: Block; readonly notes: Finding[] }
  | { readonly error: Error }

/**
 * Sets up the directives of one block, each by itself, and starts nothing: no socket, no watch, no page. After a mistake the directive is tried again without the line
 * that it is in, so that the next is found too.
 */
export class DrySetUp {
  readonly result: { settings: Block; readonly plugins: Plugin[] }
  private readonly options: CheckOptions
  private readonly findings: Finding[] = []
  private readonly versions = new TableVersions()

  constructor(settings: Block, options: CheckOptions) {
    this.result = { settings, plugins: [] }
    this.options = options
  }

  async run(block: ServerBlock): Promise<readonly Finding[]> {
    for (const module of this.options.modules) {
      const tokens = block.directives.get(module.name)
      if (tokens !== undefined) await this.directive(module, tokens)
    }
    return this.findings
  }

  private async directive(module: PluginModule, all: readonly Token[]): Promise<void> {
    let tokens = this.once(module, all)
    for (let left = MAX_MISTAKES_EACH; left > 0 && tokens.length > 0; left--) {
      const tried = await this.attempt(module, tokens)
      if (!('error' in tried)) return this.keep(tried)
      const finding = this.complain(module, tried.error, tokens)
      if (finding.kind === 'note') return
      const line = finding.line > 0 ? finding.line : await this.locate(module, tokens, tried.error)
      const at = line > 0 ? line : (tokens[0]?.line ?? 0)
      const same = this.findings.some(({ line, text }) => line === at && text === finding.text)
      const rest = line > 0 ? without(tokens, module.name, finding.file, line, this.file) : []
      // What only the closing brace can be blamed for is what the lines before it leave undone.
      const left = this.isAtEnd(tokens, finding) && rest.length < all.length
      if (!same && !left) this.findings.push({ ...finding, line: at })
      if (rest.length === tokens.length || left) return
      tokens = rest
    }
  }

  private get file(): string {
    return this.result.settings.file
  }

  private keep(tried: Extract<Tried, { block: Block }>): void {
    this.result.settings = tried.block
    this.findings.push(...tried.notes)
    if (tried.plugin !== undefined) this.result.plugins.push(tried.plugin)
  }

  /** A directive that may stand only once counts by its first. */
  private once(module: PluginModule, tokens: readonly Token[]): readonly Token[] {
    const [first, ...more] = occurrencesOf(tokens, module.name)
    if (module.once !== true || first === undefined) return tokens
    for (const again of more) {
      const { file, line } = again[0] as Token
      const text = `plugin/${module.name}: this plugin can only be used once per Server Block`
      this.findings.push({
        kind: 'mistake',
        file: file || this.file,
        line,
        text,
        plugin: module.name,
      })
    }
    return first
  }

  private complain(module: PluginModule, error: Error, tokens: readonly Token[]): Finding {
    const first = tokens[0]?.line ?? 0
    if (isElsewhere(error)) {
      const text = `plugin/${module.name}: cannot be tried here: ${error.message}`
      const note = { kind: 'note' as const, file: this.file, line: first, text }
      this.findings.push(note)
      return note
    }
    const finding = findingOf('mistake', `plugin/${module.name}: ${error.message}`, this.file)
    return { ...finding, plugin: module.name }
  }

  private isAtEnd(tokens: readonly Token[], { line, file }: Finding): boolean {
    const lines = linesOf(tokens)
    const last = lines.at(-1) ?? []
    const [token] = last
    const here = token?.line === line && (token.file || this.file) === file
    return lines.length > 1 && here && last.every(({ text }) => text === '}')
  }

  /** The line without which this complaint is not made; 0 where there is none. */
  private async locate(
    module: PluginModule,
    tokens: readonly Token[],
    { message }: Error,
  ): Promise<number> {
    const starts = new Set(occurrencesOf(tokens, module.name).map(([first]) => first))
    const lines = linesOf(tokens).filter(([first]) => first?.text !== '}')
    // A line inside a block is more to blame than the whole of it.
    lines.sort((a, b) => Number(starts.has(a[0] as Token)) - Number(starts.has(b[0] as Token)))
    for (const [first] of lines) {
      const { file, line } = first as Token
      const rest = without(tokens, module.name, file || this.file, line, this.file)
      if (rest.length === 0) return line
      const tried = await this.attempt(module, rest)
      if (!('error' in tried) || tried.error.message !== message) return line
    }
    return 0
  }

  private async attempt(module: PluginModule, tokens: readonly Token[]): Promise<Tried> {
    const block = copyOf(this.result.settings)
    const shared: Shared[] = []
    const notes: Finding[] = []
    const setup = this.setupFor(module, new Dispenser(this.file, tokens), block, {
      shared,
      note: (text) => {
        const line = tokens[0]?.line ?? 0
        notes.push({
          kind: 'note',
          file: this.file,
          line,
          text: `plugin/${module.name}: ${text}`,
          plugin: module.name,
        })
      },
    })
    try {
      const plugin = await within(Promise.resolve().then(() => module.setup(setup)))
      return { plugin, block, notes }
    } catch (error) {
      return { error: error as Error }
    } finally {
      for (const one of shared) await one.close()
    }
  }

  private setupFor(
    module: PluginModule,
    tokens: Dispenser,
    block: Block,
    parts: { shared: Shared[]; note: (text: string) => void },
  ): Setup {
    const held = new Map<string, Shared>()
    return {
      tokens,
      block,
      log: listening(parts.note).plugin(module.name),
      metrics: new Registry(),
      http: new HttpListeners(),
      versions: this.versions,
      host: systemHost({
        environment: this.options.environment,
        version: '0',
        fatal: () => {},
        reload: () => Promise.resolve(),
        configurationHash: () => '',
      }),
      plugin: (name) => this.result.plugins.find((plugin) => plugin.name === name),
      plugins: () => this.result.plugins,
      shared: <T extends Shared>(key: string, create: () => T): T => {
        const value = (held.get(key) as T | undefined) ?? create()
        if (!held.has(key)) parts.shared.push(value)
        held.set(key, value)
        return value
      },
      onStart: () => {},
      onStop: () => {},
      onFinalShutdown: () => {},
    }
  }
}

class OutOfPatience extends Error {}

/** Not a mistake of the Corefile: the cluster that it is for is not here, or somebody is being asked for a password. */
function isElsewhere(error: Error): boolean {
  if (error instanceof OutOfPatience) return true
  if (!(error instanceof ConfigurationError)) return false
  return /in-cluster configuration|serviceaccount\/token/.test(error.message)
}

async function within<T>(done: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const text = `set-up takes longer than ${PATIENCE_MS / 1000} s`
    timer = setTimeout(() => reject(new OutOfPatience(text)), PATIENCE_MS)
  })
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Settings that a try may change and the next one does not see. */
function copyOf(block: Block): Block {
  const { listenHosts, timeouts, limits } = block
  return {
    ...block,
    listenHosts: [...listenHosts],
    timeouts: { ...timeouts },
    limits: { ...limits },
  }
}

/** A logger that hands on what is worth knowing before a start. */
function listening(note: (text: string) => void): Logger {
  const nothing = () => {}
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warning: note,
    error: note,
    plugin: () => logger,
  }
  return logger
}

/** The tokens without one line, and all that its brace opens; without the whole occurrence where the line begins it. */
function without(
  tokens: readonly Token[],
  directive: string,
  file: string,
  line: number,
  path: string,
): Token[] {
  const isThere = (token: Token) => token.line === line && (token.file || path) === file
  return occurrencesOf(tokens, directive).flatMap((occurrence) => {
    if (isThere(occurrence[0] as Token)) return []
    let depth = 0
    return occurrence.filter((token) => {
      const inside = depth > 0
      if (!inside && !isThere(token)) return true
      if (token.text === '{') depth++
      if (token.text === '}') {
        if (!inside) return true
        depth--
      }
      return false
    })
  })
}
