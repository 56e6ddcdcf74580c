import { CorefileError } from './errors.ts'
import { quote } from './quote.ts'
import { reverseZones } from './reverse.ts'
import { splitTransport } from './transport.ts'

/** Octets of a zone as written in a Corefile, its port not counted. */
const MAX_ZONE_OCTETS = 255

/** What a key or an argument says without its transport: the zones as written (several for an address range), and the port where there is one. */
export interface ZonesAndPort {
  readonly zones: readonly string[]
  readonly port: number | undefined
}

/**
 * The zones that a plugin's arguments name, in presentation form, lower case, with the final dot: each may be a name, with a transport and a port that do not
 * count, or an address range, which stands for one reverse zone or several. What is no zone is left out without a word, as CoreDNS does.
 */
export function normalizeZones(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    try {
      return splitPort(splitTransport(arg).rest).zones.map(normalizeName)
    } catch (error) {
      if (error instanceof CorefileError) return []
      throw error
    }
  })
}

/** The zones that a plugin's arguments name, or without arguments those of its server block. */
export function zonesOrBlock(args: readonly string[], blockZones: readonly string[]): string[] {
  return args.length === 0 ? [...blockZones] : normalizeZones(args)
}

/**
 * Splits `ZONE[:PORT]`. Digits behind the last colon are the port, with or without a sign, so a plain IPv6 address loses its last group: ranges are what
 * reverse zones are written as.
 *
 * @throws CorefileError
 */
export function splitPort(text: string): ZonesAndPort {
  const colon = text.lastIndexOf(':')
  if (colon === text.length - 1) {
    throw new CorefileError(`expecting data after last colon: ${quote(text)}`)
  }
  const port = colon === -1 ? undefined : portNumber(text.slice(colon + 1))
  const zone = port === undefined ? text : text.slice(0, colon)
  const octets = Buffer.byteLength(zone)
  if (octets > MAX_ZONE_OCTETS) {
    throw new CorefileError(`specified zone is too long: ${octets} > ${MAX_ZONE_OCTETS}`)
  }
  if (!isDomainName(zone)) throw new CorefileError(`zone is not a valid domain name: ${zone}`)
  const reverse = reverseZones(zone)
  if (reverse === 'refused') throw new CorefileError(`invalid CIDR ${zone}`)
  return { zones: reverse ?? [zone], port }
}

/** The name in lower case (all of Unicode, letter by letter) with its final dot. */
export function normalizeName(name: string): string {
  return Array.from(fullyQualified(name), lowerCase).join('')
}

/** The name with a final dot that no backslash takes the meaning from. */
export function fullyQualified(name: string): string {
  const dot = /(\\*)\.$/.exec(name)
  return dot !== null && dot[1]!.length % 2 === 0 ? name : `${name}.`
}

/** Whether CoreDNS takes the text for a domain name: no empty labels, bounds of RFC 1035 §2.3.4, `\X` and `\DDD` standing for one octet. */
export function isDomainName(name: string): boolean {
  if (name === '') return false
  const octets = Buffer.from(fullyQualified(name)).toString('latin1')
  if (octets === '.') return true
  let total = 0
  for (let at = 0; at < octets.length; ) {
    const label = LABEL.exec(octets.slice(at))?.[0]
    if (label === undefined) return false
    const length = label.replace(ESCAPES, 'x').length - 1
    total += length + 1
    if (length > 63 || total > 256) return false
    at += label.length
  }
  return true
}

/** Every text has one reading only, so that a label that does not end costs no second try. */
const LABEL = /^(?:\\(?:[0-9]{3}|(?![0-9]{3}).)|[^\\.])+\./s
const ESCAPES = /\\(?:[0-9]{3}|.)/gs

function lowerCase(char: string): string {
  return char === '\u0130' ? 'i' : char.toLowerCase()
}

/** Go's Atoi: a number of 64 bits; undefined for anything else. */
function portNumber(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined
}
