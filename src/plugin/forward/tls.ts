import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type ConnectionOptions, createSecureContext, getCACertificates } from 'node:tls'
import { fileErrorText } from '../../corefile/io.ts'

/** What a forward's upstreams are spoken to with where it has no `tls`: TLS 1.2 at least, the machine's authorities. */
export function defaultTls(): ConnectionOptions {
  return { minVersion: 'TLSv1.2', ca: systemAuthorities() }
}

/**
 * `tls`: no files, `CA`, `CERTIFICATE KEY`, or `CERTIFICATE KEY CA`, all PEM.
 *
 * @param root base of relative paths
 */
export function tlsFromFiles(files: readonly string[], root: string): ConnectionOptions {
  const paths = files.map((file) => (root === '' || isAbsolute(file) ? file : join(root, file)))
  const caPath = paths.length === 1 ? paths[0] : paths[2]
  const keyPair = paths.length > 1 ? readKeyPair(paths[0] as string, paths[1] as string) : {}
  const ca = caPath === undefined ? systemAuthorities() : [readAuthorities(caPath)]
  return { minVersion: 'TLSv1.2', ca, ...keyPair }
}

function readKeyPair(certPath: string, keyPath: string): { cert: Buffer; key: Buffer } {
  try {
    const pair = { cert: read(certPath), key: read(keyPath) }
    createSecureContext(pair)
    return pair
  } catch (error) {
    throw new Error(`could not load TLS cert: ${(error as Error).message}`)
  }
}

function readAuthorities(path: string): Buffer {
  let pem: Buffer
  try {
    pem = read(path)
  } catch (error) {
    throw new Error(`error reading ${path}: ${(error as Error).message}`)
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error('could not read root certs: %!s(<nil>)')
  }
  return pem
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(fileErrorText(path, error))
  }
}

/** The certificates that the machine trusts; those that come with Node where it has none. */
function systemAuthorities(): string[] {
  const system = getCACertificates('system')
  return system.length > 0 ? system : getCACertificates('bundled')
}
