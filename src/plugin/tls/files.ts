import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { fileErrorText } from '../../corefile/io.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
  readonly ca: string | undefined
}

/**
 * Reads certificate, key and authorities, and tries whether they go together.
 *
 * @throws Error `could not load TLS cert: open /x: no such file or directory`
 */
export function loadCertificates({ cert, key, ca }: CertificateFiles): SecureContextOptions {
  const own = locally('could not load TLS cert', () => loadPair(cert, key))
  const options: SecureContextOptions = { ...own, minVersion: 'TLSv1.2' }
  return ca === undefined ? options : { ...options, ca: loadAuthorities(ca) }
}

function loadPair(certPath: string, keyPath: string): { cert: string; key: string } {
  const cert = read(certPath)
  const key = read(keyPath)
  requirePem(cert, /-----BEGIN CERTIFICATE-----/, 'certificate')
  requirePem(key, /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/, 'key')
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new Error(`tls: ${reason(error)}`)
  }
  return { cert, key }
}

function loadAuthorities(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`error reading ${path}: ${fileErrorText(path, error)}`)
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`could not read root certs: no certificate in ${path}`)
  }
  return text
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(fileErrorText(path, error))
  }
}

function requirePem(text: string, begin: RegExp, what: string): void {
  if (begin.test(text)) return
  const switched = what === 'certificate' && /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text)
  if (switched) {
    throw new Error(
      'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    )
  }
  throw new Error(
    text.includes('-----BEGIN ')
      ? `tls: failed to find ${what} PEM data in ${what} input`
      : `tls: failed to find any PEM data in ${what} input`,
  )
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
    ? 'private key does not match public key'
    : message
}

function locally<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`)
  }
}
