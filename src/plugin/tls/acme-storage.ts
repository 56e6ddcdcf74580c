import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { AcmeOptions } from './acme-options.ts'

/** A certificate with its key, as they lie in their files. */
export interface Kept {
  readonly cert: string
  readonly key: string
  readonly context: SecureContext
  /** Milliseconds since 1970. */
  readonly validFrom: number
  readonly validTo: number
}

/** Where certificates and the account of a CA lie: in the places that CoreDNS has them in, so that neither obtains what the other has. */
export class AcmeStorage {
  private readonly root: string
  private readonly issuer: string
  private readonly user: string

  constructor({ storage, ca, email }: Pick<AcmeOptions, 'storage' | 'ca' | 'email'>) {
    const { host, pathname } = new URL(ca)
    this.root = storage
    this.issuer = safe(`${host}${pathname}`.replace(/\/+$/, '').replaceAll('/', '-'))
    this.user = email === '' ? 'default' : email.toLowerCase()
  }

  /** Paths of the certificate and its key. */
  paths(domain: string): { readonly cert: string; readonly key: string } {
    const name = safe(domain)
    const base = join(this.root, 'certificates', this.issuer, name, name)
    return { cert: `${base}.crt`, key: `${base}.key` }
  }

  /** What is kept for a domain; undefined without, or where the two do not go together. */
  read(domain: string): Kept | undefined {
    const paths = this.paths(domain)
    try {
      const cert = readFileSync(paths.cert, 'utf8')
      const key = readFileSync(paths.key, 'utf8')
      const { validFromDate, validToDate } = new X509Certificate(cert)
      return {
        cert,
        key,
        context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
        validFrom: validFromDate.getTime(),
        validTo: validToDate.getTime(),
      }
    } catch {
      return undefined
    }
  }

  write(domain: string, { cert, key }: { readonly cert: string; readonly key: string }): void {
    const paths = this.paths(domain)
    writeSecret(paths.key, key)
    writeSecret(paths.cert.replace(/crt$/, 'json'), JSON.stringify({ sans: [domain] }))
    writeSecret(paths.cert, cert)
  }

  /** The account's key; made and kept at the first time. */
  accountKey(make: () => string): string {
    const path = join(this.root, 'acme', this.issuer, 'users', this.user, `${this.keyName()}.key`)
    try {
      return readFileSync(path, 'utf8')
    } catch {
      const key = make()
      writeSecret(path, key)
      return key
    }
  }

  private keyName(): string {
    return safe(this.user.split('@')[0] ?? this.user)
  }
}

function writeSecret(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** A name as a file's. */
function safe(name: string): string {
  return name
    .toLowerCase()
    .trim()
    .replaceAll(' ', '_')
    .replaceAll('+', '_plus_')
    .replaceAll('*', 'wildcard_')
    .replaceAll(':', '-')
    .replaceAll('..', '')
    .replace(/[^\w@.-]/g, '')
}
