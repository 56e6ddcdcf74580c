import { readFileSync, statSync } from 'node:fs'
import { every } from '../every.ts'
import type { Versions } from '../lifetime.ts'
import { type HostsRules, type HostsTable, readHosts } from './table.ts'

/** What a hosts file needs of the world. */
export interface HostsFileParts {
  readonly path: string
  readonly rules: HostsRules
  readonly versions: Versions
  /** Told after each reading: entries of the file, and when it was last changed in seconds since 1970. */
  readonly onRead: (entries: number, changed: number) => void
}

/** A hosts file, read at the start and again when its content has changed. A file that is missing or cannot be read leaves what was known. */
export class HostsFile {
  table: HostsTable
  /** Key of the version that stands for its content. */
  readonly key: string
  private readonly parts: HostsFileParts
  private text = ''
  private timer: NodeJS.Timeout | undefined

  constructor(parts: HostsFileParts) {
    this.parts = parts
    this.key = `file:${parts.path}`
    this.table = readHosts('', parts.rules)
  }

  /** @param periodMs 0: never read again */
  start(periodMs: number): void {
    this.read()
    if (periodMs === 0) return
    this.timer = every(periodMs, () => this.read())
  }

  stop(): void {
    clearInterval(this.timer)
  }

  read(): void {
    const { path, rules, versions, onRead } = this.parts
    let text: string
    let changed: number
    try {
      text = readFileSync(path, 'utf8')
      changed = statSync(path).mtimeMs / 1000
    } catch {
      return
    }
    if (text === this.text) return
    this.text = text
    this.table = readHosts(text, rules)
    versions.bump([this.key])
    onRead(this.table.entries, changed)
  }
}
