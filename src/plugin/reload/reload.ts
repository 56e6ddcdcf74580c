import type { Counter, Family, Gauge, Registry } from '../../admin/metrics.ts'
import { UnreadableCorefile } from '../../corefile/errors.ts'
import type { Logger } from '../../log.ts'
import { every } from '../every.ts'
import type { Host, Shared } from '../setup.ts'
import { failedReloads, versionInfo } from './metrics.ts'

/** Looks every so often whether the Corefile has changed. One for the process: it goes on from one configuration to the next. */
export class Reloader implements Shared {
  private readonly host: Host
  private readonly log: Logger
  private readonly failed: Counter
  private readonly version: Family<Gauge>
  private periodMs = 0
  private configured = false
  private running: string | undefined
  private timer: NodeJS.Timeout | undefined
  private busy = false

  constructor(host: Host, log: Logger, metrics: Registry) {
    this.host = host
    this.log = log
    this.failed = failedReloads(metrics)
    this.version = versionInfo(metrics)
  }

  /** How often the configuration that is being set up wants to look; of several blocks the last one's word counts. */
  configure(periodMs: number): void {
    this.periodMs = periodMs
    this.configured = true
  }

  /** That configuration starts. Further blocks of the same one change nothing. */
  start(): void {
    if (!this.configured) return
    this.configured = false
    const hash = this.host.configurationHash()
    this.log.info(`Running configuration SHA512 = ${hash}`)
    this.show(hash)
    clearInterval(this.timer)
    this.timer = every(this.periodMs, () => void this.look())
  }

  /** Takes a changed Corefile over. While one is being taken over, nothing happens. */
  async look(): Promise<void> {
    if (this.busy) return
    this.busy = true
    try {
      await this.host.reload(false)
    } catch (error) {
      const { message } = error as Error
      if (error instanceof UnreadableCorefile) {
        return this.log.warning(`Corefile parse failed: ${message}`)
      }
      this.log.error(`Corefile changed but reload failed: ${message}`)
      this.failed.inc()
    } finally {
      this.busy = false
    }
  }

  close(): void {
    clearInterval(this.timer)
  }

  /** The metric is there from the first change on. */
  private show(hash: string): void {
    if (this.running !== undefined && this.running !== hash) {
      this.version.remove('sha512', this.running)
      this.version.labels('sha512', hash).set(1)
    }
    this.running = hash
  }
}
