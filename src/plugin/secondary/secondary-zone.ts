import type { Logger } from '../../log.ts'
import type { Peer } from '../../net/upstream/outcome.ts'
import { hostPort } from '../../net/upstream/outcome.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { type Rr, readSoa } from '../../wire/record.ts'
import { MAX_TIMER_MS } from '../every.ts'
import type { Held } from '../file/explain.ts'
import { Zone } from '../file/zone.ts'
import { type Lifetime, type Versions, whileStanding } from '../lifetime.ts'
import { serialAt, transferIn } from './axfr.ts'
import { Pauses } from './waiting.ts'

/** Pauses between first attempts: doubled from the one to the other. */
const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 10_000
/** Chance that is added to a zone's own times, so that many zones do not ask at once. */
const REFRESH_JITTER_MS = 5000
const RETRY_JITTER_MS = 2000

/** What a secondary zone needs of the world. */
export interface SecondaryParts {
  readonly origin: Name
  readonly primaries: readonly Peer[]
  readonly versions: Versions
  readonly log: Logger
  readonly now: () => number
  readonly random: () => number
  /** Looks at the records of a transfer before they are taken over; throws to refuse them. */
  readonly inspect?: (records: readonly Rr[]) => void
  /** Told when the zone has been transferred. */
  readonly onChange: (origin: Name) => void
}

/** A zone that is kept up with its primaries: SOA queries at its refresh and retry times, a transfer when the serial is newer, and an end when it expires. */
export class SecondaryZone {
  readonly origin: Name
  readonly primaries: readonly Peer[]
  private data: Zone | undefined
  private expired = false
  /** What the last transfer or look at the serial failed with. */
  private failure: string | undefined
  private readonly key: string
  private readonly parts: SecondaryParts
  private readonly pauses = new Pauses()
  private expiry: NodeJS.Timeout | undefined
  /** When a primary last gave the zone or said that there is no newer one. */
  private confirmedAt = 0
  /** The transfer under way: there is never a second one beside it. */
  private transferring: Promise<string | undefined> | undefined
  /** Whether a NOTIFY is being looked into, and the sender of the last one that came meanwhile. */
  private looking = false
  private notifiedBy: string | undefined

  constructor(parts: SecondaryParts, data?: Zone) {
    this.parts = parts
    this.origin = parts.origin
    this.primaries = parts.primaries
    this.data = data
    this.key = `zone:${nameToText(parts.origin)}`
  }

  /** The zone; undefined before the first transfer and after it has expired. */
  get zone(): Zone | undefined {
    return this.expired ? undefined : this.data
  }

  /** What the zone was last, expired or not. */
  get last(): Zone | undefined {
    return this.data
  }

  /** What an explanation says of the zone. */
  get held(): Held {
    const { origin, zone } = this
    const source = `primary ${this.primaries.map(hostPort).join(', ')}`
    const trouble = this.expired
      ? 'no primary has answered for as long as its SOA record lets it live (expire)'
      : this.failure
    return { origin, zone, source, trouble, change: `Add it at ${source}.` }
  }

  /** How long replies made from the zone stand; to be asked for before the zone is read. */
  lifetime(): Lifetime {
    const slot = this.parts.versions.slot(this.key)
    return whileStanding([{ slot, version: this.parts.versions.read(slot) }])
  }

  /** Transfers the zone and keeps it up, until it is stopped. */
  async run(): Promise<void> {
    const { log } = this.parts
    let pauseMs = FIRST_RETRY_MS
    for (let error = await this.transfer(); error !== undefined; error = await this.transfer()) {
      if (this.pauses.stopped) return
      const about = `All '${nameToText(this.origin)}' masters failed to transfer`
      log.warning(`${about}, retrying in ${pauseMs / 1000}s: ${error}`)
      await this.pauses.wait(pauseMs)
      if (this.pauses.stopped) return
      pauseMs = Math.min(2 * pauseMs, MAX_RETRY_MS)
    }
    while (!this.pauses.stopped) await this.keepUp()
  }

  stop(): void {
    this.pauses.stop()
    clearTimeout(this.expiry)
    this.touch()
  }

  /** A primary says that the zone has changed (RFC 1996). One is looked into at a time; of those that come meanwhile one more, as they all say the same. */
  async notified(from: string): Promise<void> {
    this.notifiedBy = from
    if (this.looking) return
    this.looking = true
    while (this.notifiedBy !== undefined && !this.pauses.stopped) {
      const by = this.notifiedBy
      this.notifiedBy = undefined
      await this.transferring
      await this.lookInto(by)
    }
    this.looking = false
  }

  private async lookInto(from: string): Promise<void> {
    const { log } = this.parts
    const about = `Notify from ${from} for ${nameToText(this.origin)}`
    log.info(`${about}: checking transfer`)
    const newer = await this.isNewer()
    if (typeof newer === 'string') log.warning(`${about}: failed primary check: ${newer}`)
    else if (!newer) log.info(`${about}: no SOA serial increase seen`)
    else {
      const error = await this.transfer()
      if (error !== undefined) log.warning(`${about}: transfer failed: ${error}`)
    }
  }

  /** One round: the refresh time, then attempts at the retry time until one succeeds (RFC 1035 §3.3.13). */
  private async keepUp(): Promise<void> {
    const soa = readSoa((this.data as Zone).soa.rdata)
    await this.pauses.wait(seconds(soa.refresh) + this.parts.random() * REFRESH_JITTER_MS)
    for (let kind = 'refresh'; !this.pauses.stopped; kind = 'retry') {
      const error = await this.check()
      if (error === undefined) return
      this.parts.log.warning(`Failed ${kind} check ${error}`)
      this.expireInTime()
      await this.pauses.wait(seconds(soa.retry) + this.parts.random() * RETRY_JITTER_MS)
    }
  }

  /** Gives the zone up when its expire time is over, counted from when it was last confirmed. */
  private expireInTime(): void {
    clearTimeout(this.expiry)
    if (this.expired || this.pauses.stopped) return
    const { expire } = readSoa((this.data as Zone).soa.rdata)
    const leftMs = Math.max(this.confirmedAt + seconds(expire) - this.parts.now(), 0)
    const run = () => (leftMs > MAX_TIMER_MS ? this.expireInTime() : this.expire())
    this.expiry = setTimeout(run, Math.min(leftMs, MAX_TIMER_MS)).unref()
  }

  private expire(): void {
    this.expired = true
    this.touch()
    this.parts.log.error(`Zone ${nameToText(this.origin)} is expired`)
  }

  private confirm(): void {
    this.failure = undefined
    clearTimeout(this.expiry)
    this.confirmedAt = this.parts.now()
  }

  /** Transfers the zone where a primary has a newer one; what failed, or undefined. */
  private async check(): Promise<string | undefined> {
    const newer = await this.isNewer()
    if (typeof newer === 'string') {
      this.failure = newer
      return newer
    }
    if (newer) return this.transfer()
    this.confirm()
    return undefined
  }

  /** Whether the first primary that answers has a newer serial, or any where the zone has been given up; the last one's error when none does. */
  private async isNewer(): Promise<boolean | string> {
    let error: string | undefined
    for (const peer of this.primaries) {
      const serial = await serialAt(this.origin, peer, this.parts.now)
      if (typeof serial === 'number')
        return this.zone === undefined || isLater(serial, this.zone.serial)
      error = serial
    }
    return error ?? false
  }

  /** Takes the zone from the first primary that gives it; what failed, or undefined. */
  private transfer(): Promise<string | undefined> {
    this.transferring ??= this.transferFromAny().finally(() => {
      this.transferring = undefined
    })
    return this.transferring
  }

  private async transferFromAny(): Promise<string | undefined> {
    const { log, inspect, onChange } = this.parts
    const name = nameToText(this.origin)
    let failure: string | undefined
    for (const peer of this.primaries) {
      try {
        const records = await transferIn(this.origin, peer)
        if (this.pauses.stopped) return undefined
        const zone = Zone.of(this.origin, records)
        if (zone === undefined) throw new Error('no SOA')
        inspect?.(records)
        this.data = zone
        this.expired = false
        this.confirm()
        this.touch()
        log.info(`Transferred: ${name} from ${hostPort(peer)}`)
        onChange(this.origin)
        return undefined
      } catch (error) {
        failure = (error as Error).message
        log.error(
          `Failed to transfer \`${name}' from ${JSON.stringify(hostPort(peer))}: ${failure}`,
        )
      }
    }
    this.failure = failure
    return failure
  }

  private touch(): void {
    this.parts.versions.bump([this.key])
  }
}

/** A zone's time in milliseconds; less than a second is one. */
const seconds = (count: number): number => Math.max(count, 1) * 1000

/** RFC 1982 §3.2. */
function isLater(serial: number, than: number): boolean {
  return serial !== than && ((serial - than) | 0) > 0
}
