import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { Logger } from '../../log.ts'
import type { Host, Shared, TlsSettings } from '../setup.ts'
import type { Obtain } from './acme-client.ts'
import { type AcmeOptions, acmeDomain } from './acme-options.ts'
import { AcmeStorage, type Kept } from './acme-storage.ts'
import type { Challenges } from './challenges.ts'

/** How often certificates are looked at whether they must be renewed. */
export const LOOK_MS = 10 * 60_000
/** A certificate is renewed when less than this share of its life is left. */
export const RENEW_SHARE = 1 / 3
/** How long after a failure it is tried again; each further failure doubles it, up to {@link MAX_RETRY_MS}. */
export const RETRY_MS = 60_000
export const MAX_RETRY_MS = 6 * 60 * 60_000

export interface AcmeParts {
  readonly challenges: Challenges
  readonly log: Logger
  readonly host: Pick<Host, 'wallClock'>
  readonly obtain: Obtain
}

/** Obtains and renews the certificates of one `tls { acme … }`, and shows them to connections. It outlives reloads that ask for the same. */
export class AcmeCertificates implements Shared {
  private readonly options: AcmeOptions
  private readonly parts: AcmeParts
  private readonly storage: AcmeStorage
  private readonly kept = new Map<string, Kept>()
  private readonly retries = new Map<string, { at: number; waitMs: number }>()
  private readonly stopped = new AbortController()
  private timer: NodeJS.Timeout | undefined
  private busy: Promise<void> | undefined

  constructor(options: AcmeOptions, parts: AcmeParts) {
    this.options = options
    this.parts = parts
    this.storage = new AcmeStorage(options)
  }

  /** Takes what lies in the storage; asks nobody. */
  load(): void {
    for (const domain of this.options.domains) {
      const kept = this.storage.read(domain)
      if (kept !== undefined) this.kept.set(domain, kept)
    }
  }

  /** Begins to obtain what is missing, and to renew. Further calls change nothing. */
  start(): void {
    if (this.timer !== undefined || this.stopped.signal.aborted) return
    this.plan(0)
  }

  async close(): Promise<void> {
    clearTimeout(this.timer)
    this.stopped.abort()
    await this.busy
  }

  /** For a listener: without a certificate yet, its handshakes fail. */
  settings(): TlsSettings {
    const { domains } = this.options
    return {
      load: () => this.first(),
      files: domains.map((domain) => this.storage.paths(domain).cert),
      requestCert: false,
      rejectUnauthorized: false,
      contextFor: (serverName) => this.contextFor(serverName),
    }
  }

  private first(): SecureContextOptions {
    const kept = this.kept.get(this.options.domains[0] as string)
    const { cert, key } = kept ?? {}
    return { ...(kept !== undefined && { cert, key }), minVersion: 'TLSv1.2' }
  }

  /** False for names that are not managed here, and for those without a certificate yet. */
  private contextFor(serverName: string): SecureContext | false {
    let name: string
    try {
      name = acmeDomain(serverName)
    } catch {
      return false
    }
    const wildcard = name.replace(/^[^.]*/, '*')
    return (this.kept.get(name) ?? this.kept.get(wildcard))?.context ?? false
  }

  private plan(afterMs: number): void {
    this.timer = setTimeout(() => {
      this.busy = this.look().finally(() => {
        if (!this.stopped.signal.aborted) this.plan(this.nextMs())
      })
    }, afterMs).unref()
  }

  private nextMs(): number {
    const now = this.parts.host.wallClock()
    const waits = [...this.retries.values()].map(({ at }) => Math.max(at - now, 0))
    return Math.min(LOOK_MS, ...waits)
  }

  private async look(): Promise<void> {
    for (const domain of this.options.domains) {
      if (this.stopped.signal.aborted) return
      const now = this.parts.host.wallClock()
      if (this.isFresh(domain, now) || (this.retries.get(domain)?.at ?? 0) > now) continue
      await this.renew(domain)
    }
  }

  private isFresh(domain: string, now: number): boolean {
    const kept = this.kept.get(domain)
    if (kept === undefined) return false
    return kept.validTo - now > (kept.validTo - kept.validFrom) * RENEW_SHARE
  }

  private async renew(domain: string): Promise<void> {
    const { log, obtain, challenges, host } = this.parts
    const { signal } = this.stopped
    log.info(`obtaining certificate for ${domain} from ${this.options.ca}`)
    try {
      const got = await obtain({
        domain,
        options: this.options,
        storage: this.storage,
        challenges,
        signal,
      })
      this.storage.write(domain, got)
      const kept = this.storage.read(domain)
      if (kept === undefined) throw new Error('the certificate does not fit its key')
      this.kept.set(domain, kept)
      this.retries.delete(domain)
      log.info(
        `certificate for ${domain} obtained, good until ${new Date(kept.validTo).toISOString()}`,
      )
    } catch (error) {
      if (signal.aborted) return
      const waitMs = Math.min((this.retries.get(domain)?.waitMs ?? RETRY_MS / 2) * 2, MAX_RETRY_MS)
      this.retries.set(domain, { at: host.wallClock() + waitMs, waitMs })
      log.error(
        `could not get certificate for ${domain}: ${(error as Error).message}; trying again in ${waitMs / 1000}s`,
      )
    }
  }
}
