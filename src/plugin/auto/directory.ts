import { readdirSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import type { RE2JS } from 're2js'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import type { Logger } from '../../log.ts'
import { fold, type Name, nameFromText, nameToText } from '../../wire/name.ts'
import { every } from '../every.ts'
import { closest } from '../file/closest.ts'
import { ZoneFile } from '../file/zone-file.ts'
import { type Lifetime, type Versions, whileStanding } from '../lifetime.ts'
import { expand } from './expand.ts'

/** What a directory of zone files needs of the world. */
export interface DirectoryParts {
  readonly path: string
  /** What a file's name must match to be a zone. */
  readonly pattern: RE2JS
  /** The zone's origin; see {@link expand}. */
  readonly template: string
  /** Milliseconds between two looks at the directory and its files; 0 for never. */
  readonly reloadMs: number
  readonly versions: Versions
  readonly log: Logger
  /** Told when a zone is there for the first time, and when it has changed. */
  readonly onChange: (origin: Name) => void
  /** Files and folders in one walk; {@link MAX_ENTRIES} by default. */
  readonly maxEntries?: number
}

/** Files and folders in one walk before it stops: more is a mistake in the Corefile. */
export const MAX_ENTRIES = 100_000

/** The zones of a directory and of those in it, kept up with what is there. */
export class Directory {
  private readonly parts: DirectoryParts
  private readonly files = new Map<Name, ZoneFile>()
  private readonly key: string
  private timer: NodeJS.Timeout | undefined

  constructor(parts: DirectoryParts) {
    this.parts = parts
    this.key = `file:${parts.path}`
  }

  start(): void {
    this.walk()
    this.tell()
    if (this.parts.reloadMs === 0) return
    this.timer = every(this.parts.reloadMs, () => {
      this.walk()
      this.tell()
    })
  }

  stop(): void {
    clearInterval(this.timer)
    for (const file of this.files.values()) file.stop()
  }

  /** How long what the directory lists stands; to be asked for before it is read. */
  lifetime(): Lifetime {
    const slot = this.parts.versions.slot(this.key)
    return whileStanding([{ slot, version: this.parts.versions.read(slot) }])
  }

  get path(): string {
    return this.parts.path
  }

  /** The zones that there are. */
  get origins(): Name[] {
    return [...this.files.keys()]
  }

  file(origin: Name): ZoneFile | undefined {
    return this.files.get(origin)
  }

  /** The zone with the longest origin that a name is in. */
  fileFor(folded: Name): ZoneFile | undefined {
    return closest(this.files, folded)
  }

  /** Takes new files in and lets those go that are no more. */
  walk(): void {
    const seen = new Map<Name, string>()
    let changed = false
    for (const { path, origin } of this.zoneFiles()) {
      const earlier = seen.get(origin)
      if (earlier !== undefined) {
        this.parts.log.warning(
          `Multiple zone files match origin ${quote(nameToText(origin))}: using ${quote(earlier)} instead of ${quote(path)}`,
        )
        continue
      }
      seen.set(origin, path)
      const known = this.files.get(origin)
      if (known !== undefined) known.moveTo(path)
      else changed = this.add(origin, path) || changed
    }
    for (const origin of [...this.files.keys()]) {
      if (!seen.has(origin)) changed = this.remove(origin) || changed
    }
    if (changed) this.parts.versions.bump([this.key])
  }

  private add(origin: Name, path: string): boolean {
    const { log, versions, reloadMs, onChange } = this.parts
    const file = new ZoneFile({ origin, path, reloadMs, byTime: false, versions, log, onChange })
    try {
      file.load()
    } catch (error) {
      const system = (error as NodeJS.ErrnoException).code !== undefined
      const reason = system ? fileErrorText(path, error) : (error as Error).message
      const what = system ? `Opening ${path} failed` : `Parse zone \`${nameToText(origin)}'`
      log.warning(`${what}: ${reason}`)
      return false
    }
    this.files.set(origin, file)
    file.start()
    log.info(`Inserting zone \`${nameToText(origin)}' from: ${path}`)
    return true
  }

  private remove(origin: Name): boolean {
    this.files.get(origin)?.stop()
    this.parts.log.info(`Deleting zone \`${nameToText(origin)}'`)
    return this.files.delete(origin)
  }

  /** As in the reference, the other servers hear of every zone after each look at the directory. */
  private tell(): void {
    for (const origin of this.files.keys()) this.parts.onChange(origin)
  }

  private *zoneFiles(): Generator<{ path: string; origin: Name }> {
    for (const { path, base } of this.entries()) {
      const matcher = this.parts.pattern.matcher(base)
      if (!matcher.find()) continue
      const text = expand(this.parts.template, (group) => groupOf(matcher, group))
      if (text === '') continue
      const origin = nameFromText(text)
      if (origin !== undefined) yield { path, origin: fold(origin) }
      else this.parts.log.warning(noName(path, text))
    }
  }

  /** The files, folder by folder, in the order of their names: of two for one zone the first counts. */
  private *entries(): Generator<{ path: string; base: string }> {
    const { path, log, maxEntries = MAX_ENTRIES } = this.parts
    let count = 0
    for (const entry of this.below(resolved(path))) {
      if (++count > maxEntries) {
        log.warning(`More than ${maxEntries} files and folders in ${path}: the others are left out`)
        return
      }
      if (!entry.isFolder) yield entry
    }
  }

  private *below(folder: string): Generator<{ path: string; base: string; isFolder: boolean }> {
    for (const entry of this.list(folder)) {
      const path = join(folder, entry.name)
      // A link is a file to a walk, wherever it leads, unless it is what the walk begins with.
      const enters = entry.isDirectory()
      yield { path, base: entry.name, isFolder: enters || isFolder(path) }
      if (enters) yield* this.below(path)
    }
  }

  private list(path: string) {
    try {
      const entries = readdirSync(path, { withFileTypes: true })
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      this.parts.log.warning(`error reading ${path}: ${fileErrorText(path, error)}`)
      return []
    }
  }
}

function groupOf(
  matcher: ReturnType<RE2JS['matcher']>,
  group: number | string,
): string | undefined {
  try {
    return matcher.group(group as never) ?? undefined
  } catch {
    // The pattern has no such group.
    return undefined
  }
}

function noName(path: string, text: string): string {
  const origin = text.endsWith('.') ? text : `${text}.`
  const where = `failed to parse file ${quote(path)} for origin ${origin}`
  return `Parse zone \`${origin}': ${where} with error ${path}: dns: bad initial origin name: "" at line: 0:0`
}

/** Where the walk begins: links are followed, and what is relative stays so, since messages name it. */
function resolved(path: string): string {
  try {
    const real = realpathSync(path)
    const short = relative(realpathSync('.'), real)
    return isAbsolute(path) || short.startsWith('..') ? real : short || '.'
  } catch {
    return path
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
