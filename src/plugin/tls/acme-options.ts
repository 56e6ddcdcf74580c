import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { isAbsolute, join, resolve } from 'node:path'
import { domainToASCII } from 'node:url'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import { nameFromText } from '../../wire/name.ts'

/** What certificates are obtained for, and from whom. */
export interface AcmeOptions {
  /** Lower case and in ASCII, without a final dot; perhaps `*.` in front. At least one. */
  readonly domains: readonly string[]
  readonly email: string
  /** URL of the directory (RFC 8555 §7.1.1). */
  readonly ca: string
  /** Absolute path of the directory that accounts, certificates and keys are kept in. */
  readonly storage: string
  /** PEM file of authorities that the CA's own connection is verified by, beside the public ones; '' for none. */
  readonly caRoot: string
  /** Name server that the CA's address is looked up at, `HOST:PORT`; '' for the system's. */
  readonly resolver: string
}

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'

type Draft = { -readonly [F in keyof AcmeOptions]: AcmeOptions[F] }

/**
 * Reads the block of a `tls` without arguments.
 *
 * @param root base of relative paths
 * @throws Error
 */
export function parseAcme(tokens: Dispenser, root: string): AcmeOptions {
  const path = (text: string) => resolve(isAbsolute(text) ? text : join(root, text))
  const draft: Draft = {
    domains: [],
    email: '',
    ca: LETS_ENCRYPT,
    storage: path(join('.coredns', 'acme')),
    caRoot: '',
    resolver: '',
  }
  const seen = new Set<string>()
  while (tokens.nextBlock()) {
    const option = tokens.val()
    const args = tokens.remainingArgs()
    if (seen.has(option))
      throw tokens.err(`ACME option ${quote(option)} can only be specified once`)
    seen.add(option)
    if (option === 'acme') {
      if (args.length === 0) throw tokens.argErr()
      draft.domains = args
      continue
    }
    const field = FIELDS[option]
    if (field === undefined) throw tokens.err(`unknown ACME option ${quote(option)}`)
    const [value, ...rest] = args
    if (value === undefined || rest.length > 0) throw tokens.argErr()
    draft[field] = field === 'storage' || field === 'caRoot' ? path(value) : value
  }
  return checked(draft)
}

const FIELDS: Readonly<
  Record<string, 'email' | 'ca' | 'storage' | 'caRoot' | 'resolver' | undefined>
> = {
  __proto__: null as never,
  email: 'email',
  ca: 'ca',
  storage: 'storage',
  ca_root: 'caRoot',
  resolver: 'resolver',
}

function checked(options: Draft): AcmeOptions {
  if (options.domains.length === 0) throw new Error('ACME requires at least one domain')
  const domains = [...new Set(options.domains.map(acmeDomain))]
  const url = URL.canParse(options.ca) ? new URL(options.ca) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.host === '') {
    throw new Error(`invalid ACME CA URL ${quote(options.ca)}`)
  }
  if (options.resolver !== '') checkResolver(options.resolver)
  readRoots(options.caRoot)
  return { ...options, domains }
}

/** @throws Error for what no certificate can be had for: addresses, asterisks but the first label */
export function acmeDomain(text: string): string {
  const folded = text.replace(/\.$/, '').toLowerCase()
  const wildcard = folded.startsWith('*.')
  const host = wildcard ? folded.slice(2) : folded
  const ascii = host.includes('*') || isIP(host) !== 0 ? '' : domainToASCII(host)
  const fits = ascii !== '' && isIP(ascii) === 0 && nameFromText(`${ascii}.`) !== undefined
  if (!fits) throw new Error(`invalid ACME domain ${quote(folded)}`)
  return wildcard ? `*.${ascii}` : ascii
}

function checkResolver(text: string): void {
  const colon = text.lastIndexOf(':')
  if (colon === -1) {
    throw new Error(
      `invalid ACME resolver ${quote(text)}: address ${text}: missing port in address`,
    )
  }
  const [host, port] = [text.slice(0, colon), text.slice(colon + 1)]
  if (host.includes(':') && !/^\[.*\]$/.test(host)) {
    throw new Error(
      `invalid ACME resolver ${quote(text)}: address ${text}: too many colons in address`,
    )
  }
  if (host === '') throw new Error(`invalid ACME resolver ${quote(text)}: host is empty`)
  const number = /^\d+$/.test(port) ? Number(port) : 0
  if (number < 1 || number > 0xffff) throw new Error(`invalid ACME resolver port ${quote(port)}`)
}

/** The certificates of the file; undefined without one. */
export function readRoots(path: string): string | undefined {
  if (path === '') return undefined
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`reading ACME CA root ${quote(path)}: ${fileErrorText(path, error)}`)
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`ACME CA root ${quote(path)} contains no certificates`)
  }
  return pem
}
