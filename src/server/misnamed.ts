import { isIPv4, isIPv6 } from 'node:net'
import { reverseZones } from '../corefile/reverse.ts'
import type { Problem } from '../plugin/why.ts'
import { type Name, nameToText } from '../wire/name.ts'

/** `http://web.shop:80/path`, `web.shop:80`, `web.shop/path`. */
const LOCATOR = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([a-z0-9_.-]+)(?::\d+)?(?:\/.*)?$/i

/** A question for something that is no host name: an address, or the name with a scheme, port or path about it, as programs ask that take it for one. */
export function misnamed(qname: Name): Problem | undefined {
  const text = nameToText(qname).slice(0, -1)
  if (isIPv4(text) || isIPv6(text)) return addressAsked(text)
  const host = LOCATOR.exec(text)?.[1]
  if (host === undefined || host === text || !/[:/]/.test(text)) return undefined
  return {
    code: 'locator-asked',
    reason: `${text} was asked for as one name: a scheme, a port or a path is no part of a name.`,
    remedy: `Ask for ${host}. Look in the client's settings where a host name is expected and more stands.`,
  }
}

function addressAsked(address: string): Problem {
  const reverse = reverseZones(`${address}/${isIPv4(address) ? 32 : 128}`)
  const whose = Array.isArray(reverse)
    ? ` To know whose it is, explain ${reverse[0]} PTR (\`dig -x ${address}\`).`
    : ''
  return {
    code: 'address-asked',
    reason: `${address} is an address, and was asked for as if it were a name.`,
    remedy: `A client that has an address needs no DNS.${whose}`,
  }
}
