import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { parseZone } from '../../wire/presentation.ts'
import { Zone } from './zone.ts'

/**
 * A zone of a master file's octets; `$INCLUDE` reads beside it.
 *
 * @param octets one character an octet
 * @throws Error that says which file, and where in it
 */
export function zoneFrom(octets: string, origin: Name, path: string): Zone {
  const about = `file ${quote(path)}`
  let records: ReturnType<typeof parseZone>
  try {
    records = parseZone(octets, origin, { file: path, include })
  } catch (error) {
    throw unreadable(path, origin, (error as Error).message)
  }
  const zone = Zone.of(origin, records)
  if (zone === undefined)
    throw new Error(`${about} has no SOA record for origin ${nameToText(origin)}`)
  return zone
}

/** What is said of a file that is no zone. */
export function unreadable(path: string, origin: Name, reason: string): Error {
  const about = `file ${quote(path)} for origin ${nameToText(origin)}`
  return new Error(`failed to parse ${about} with error ${reason}`)
}

function include(
  written: string,
  from: string,
): { readonly path: string; readonly octets: string } {
  const path = isAbsolute(written) ? written : join(dirname(from), written)
  try {
    return { path, octets: readFileSync(path, 'latin1') }
  } catch (error) {
    const as = path === written ? '' : ` as \`${path}'`
    throw new Error(`failed to open \`${written}'${as}: ${fileErrorText(path, error)}`)
  }
}
