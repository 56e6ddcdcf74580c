import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { createSecureContext, type SecureVersion } from 'node:tls'
import { parse } from 'yaml'
import type { Encryption } from '../../admin/http.ts'
import { fileErrorText } from '../../corefile/io.ts'

type ClientAuth = Pick<Encryption, 'requestCert' | 'rejectUnauthorized' | 'accepts'>

const CLIENT_AUTH: ReadonlyMap<string, ClientAuth> = new Map<string, ClientAuth>([
  ['NoClientCert', { requestCert: false, rejectUnauthorized: false }],
  ['RequestClientCert', { requestCert: true, rejectUnauthorized: false }],
  [
    'RequireAnyClientCert',
    { requestCert: true, rejectUnauthorized: false, accepts: ({ given }) => given },
  ],
  [
    'VerifyClientCertIfGiven',
    {
      requestCert: true,
      rejectUnauthorized: false,
      accepts: ({ given, authorized }) => !given || authorized,
    },
  ],
  ['RequireAndVerifyClientCert', { requestCert: true, rejectUnauthorized: true }],
])
const VERSIONS: ReadonlyMap<string, SecureVersion> = new Map([
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
])
/** Fields of `tls_server_config`; a file's path is relative to the configuration file. */
const FIELDS: ReadonlySet<string> = new Set([
  'cert',
  'cert_file',
  'key',
  'key_file',
  'client_ca',
  'client_ca_file',
  'client_auth_type',
  'min_version',
  'max_version',
])

/**
 * Reads a web configuration file of the Prometheus exporters (https://prometheus.io/docs/prometheus/latest/configuration/https/), its part
 * `tls_server_config`. Whatever else it asks for would change who may read the page, so it is an error and not left out.
 *
 * @throws Error
 */
export function readWebConfig(path: string): Encryption {
  const whole = asObject(path, parse(textOf(path)))
  for (const key of Object.keys(whole)) {
    if (key !== 'tls_server_config') throw new Error(`${path}: ${key} is not supported`)
  }
  const tls = asObject(path, whole.tls_server_config)
  for (const key of Object.keys(tls)) {
    if (!FIELDS.has(key)) throw new Error(`${path}: tls_server_config.${key} is not supported`)
  }
  return encryptionOf(path, tls)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new Error(
      missing
        ? `plugin/prometheus: TLS config file does not exist: ${path}`
        : `plugin/prometheus: ${fileErrorText(path, error)}`,
    )
  }
}

function encryptionOf(path: string, tls: Readonly<Record<string, unknown>>): Encryption {
  const cert = material(path, tls, 'cert')
  const key = material(path, tls, 'key')
  if (cert === undefined || key === undefined) {
    throw new Error(`${path}: tls_server_config needs cert_file and key_file`)
  }
  const ca = material(path, tls, 'client_ca')
  const auth = choice(path, tls, 'client_auth_type', CLIENT_AUTH, 'NoClientCert')
  const context = {
    cert,
    key,
    ...(ca !== undefined && { ca }),
    minVersion: choice(path, tls, 'min_version', VERSIONS, 'TLS12'),
    maxVersion: choice(path, tls, 'max_version', VERSIONS, 'TLS13'),
  }
  try {
    createSecureContext(context)
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
  return { context, ...auth }
}

/** What is written in the file itself, or in the file that it names. */
function material(
  path: string,
  tls: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const inline = tls[name]
  if (typeof inline === 'string' && inline !== '') return inline
  const file = tls[`${name}_file`]
  if (typeof file !== 'string' || file === '') return undefined
  return readFileSync(isAbsolute(file) ? file : join(dirname(path), file), 'utf8')
}

function choice<T>(
  path: string,
  tls: Readonly<Record<string, unknown>>,
  name: string,
  values: ReadonlyMap<string, T>,
  preset: string,
): T {
  const word = String(tls[name] ?? preset)
  const value = values.get(word)
  if (value === undefined) {
    const known = [...values.keys()].join(', ')
    throw new Error(`${path}: ${name} must be one of ${known}: ${word}`)
  }
  return value
}

function asObject(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${path}: tls_server_config is missing`)
  }
  return value as Readonly<Record<string, unknown>>
}
