import { readFileSync, type Stats, statSync } from 'node:fs'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import type { Logger } from '../../log.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { every } from '../every.ts'
import { type Lifetime, type Versions, whileStanding } from '../lifetime.ts'
import type { Held } from './explain.ts'
import { unreadable, zoneFrom } from './load.ts'
import type { Zone } from './zone.ts'

/** What a zone's file needs of the world. */
export interface ZoneFileParts {
  readonly origin: Name
  readonly path: string
  /** Milliseconds between two looks at the file; 0 for never. */
  readonly reloadMs: number
  /** Whether a changed modification time is enough, without a changed serial. */
  readonly byTime: boolean
  readonly versions: Versions
  readonly log: Logger
  /** Told after a reload. */
  readonly onChange: (origin: Name) => void
}

/** A zone in a master file, read at the start and again when its SOA serial has changed. */
export class ZoneFile {
  zone: Zone | undefined
  readonly origin: Name
  private path: string
  private readonly key: string
  private readonly parts: ZoneFileParts
  private seen: Stats | undefined
  /** Why the zone is not what the file has; undefined where it is. */
  private refused: string | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(parts: ZoneFileParts) {
    this.parts = parts
    this.origin = parts.origin
    this.path = parts.path
    this.key = `file:${parts.path}`
  }

  /** What an explanation says of the file. */
  get held(): Held {
    const { origin, zone, refused: trouble } = this
    return {
      origin,
      zone,
      trouble,
      source: `file ${this.path}`,
      change: `Add it to ${this.path}, with a higher serial in the SOA record.`,
    }
  }

  /** Reads the file now; throws what is wrong with it, or an error of the file system. */
  load(): void {
    this.seen = statSync(this.path)
    if (this.seen.isDirectory())
      throw unreadable(this.path, this.origin, `read ${this.path}: is a directory`)
    this.zone = zoneFrom(readFileSync(this.path, 'latin1'), this.origin, this.path)
  }

  start(): void {
    if (this.parts.reloadMs <= 0) return
    this.timer = every(this.parts.reloadMs, () => this.reload())
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** From now on the zone lies elsewhere. */
  moveTo(path: string): void {
    if (path === this.path) return
    this.path = path
    this.seen = undefined
  }

  /** How long replies made from the zone stand; to be asked for before the zone is read. */
  lifetime(): Lifetime {
    const slot = this.parts.versions.slot(this.key)
    return whileStanding([{ slot, version: this.parts.versions.read(slot) }])
  }

  /** Looks at the file, and takes a new zone over. A file that is wrong leaves the zone as it was. */
  reload(): void {
    const { log, byTime, versions, onChange } = this.parts
    const about = `zone ${quote(nameToText(this.origin))} in ${quote(this.path)}`
    let octets: string
    try {
      const stats = statSync(this.path)
      if (this.seen !== undefined && isSame(this.seen, stats)) return
      octets = readFileSync(this.path, 'latin1')
      this.seen = stats
    } catch (error) {
      this.refused = fileErrorText(this.path, error)
      log.error(`Failed to open ${about}: ${this.refused}`)
      return
    }
    let zone: Zone
    try {
      zone = zoneFrom(octets, this.origin, this.path)
    } catch (error) {
      this.refused = (error as Error).message
      log.error(`Parsing zone ${quote(nameToText(this.origin))}: ${this.refused}`)
      return
    }
    this.refused = undefined
    if (!byTime && zone.serial === this.zone?.serial) {
      this.refused = `the file has changed and its SOA serial is still ${zone.serial}`
      return
    }
    this.zone = zone
    versions.bump([this.key])
    log.info(`Successfully reloaded ${about} with ${zone.serial} SOA serial`)
    onChange(this.origin)
  }
}

/** Kubernetes changes a mounted file by putting another one in its place. */
const isSame = (a: Stats, b: Stats): boolean =>
  a.mtimeMs === b.mtimeMs && a.size === b.size && a.ino === b.ino && a.dev === b.dev
