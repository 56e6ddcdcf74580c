import { statSync } from 'node:fs'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { TlsSettings } from '../plugin/setup.ts'

/** How often the files of certificates are looked at. */
export const CERTIFICATE_CHECK_MS = 10_000

/** The TLS material of one listener: a configuration may put another in its place, and its files may change. */
export class LiveCertificates implements TlsSettings {
  private settings: TlsSettings
  private seen: string

  constructor(settings: TlsSettings) {
    this.settings = settings
    this.seen = fingerprint(settings.files)
  }

  /** Takes over what another configuration says. How clients are asked for theirs stays as the listener was opened. */
  use(settings: TlsSettings): void {
    this.settings = settings
    this.seen = fingerprint(settings.files)
  }

  /** Whether a file is another one since it was last asked. */
  haveChanged(): boolean {
    const now = fingerprint(this.files)
    const changed = now !== this.seen
    this.seen = now
    return changed
  }

  load(): SecureContextOptions {
    return this.settings.load()
  }

  get files(): readonly string[] {
    return this.settings.files
  }

  get requestCert(): boolean {
    return this.settings.requestCert
  }

  get rejectUnauthorized(): boolean {
    return this.settings.rejectUnauthorized
  }

  readonly accepts = (peer: { readonly given: boolean; readonly authorized: boolean }): boolean =>
    this.settings.accepts?.(peer) ?? true

  readonly contextFor = (serverName: string): SecureContext | false | undefined =>
    this.settings.contextFor?.(serverName)

  readonly keylog = (line: Buffer): void => this.settings.keylog?.(line)
}

function fingerprint(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
    })
    .join('\n')
}
