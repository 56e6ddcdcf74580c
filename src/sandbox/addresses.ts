/** IP addresses as the API's validation reads them; each function returns the texts of what is wrong. */
import ipaddr from 'ipaddr.js'

const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const LEADING_ZEROS = /(?:^|\.)0\d/

/** An address as older fields take it: leading zeros and IPv4 within IPv6 are let pass. */
export function looseIp(value: string): string[] {
  return parsed(value) === undefined ? [NO_ADDRESS] : []
}

/** An address in its canonical text. */
export function strictIp(value: string): string[] {
  const address = parsed(value)
  if (address === undefined) return [NO_ADDRESS]
  if (!value.includes(':')) return LEADING_ZEROS.test(value) ? ['must not have leading 0s'] : []
  const six = address as ipaddr.IPv6
  if (six.isIPv4MappedAddress()) return ['must not be an IPv4-mapped IPv6 address']
  const canonical = six.toRFC5952String()
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`]
}

/** Whether a valid address is IPv4, also where it is written within IPv6. */
export function isIpv4(value: string): boolean {
  return !value.includes(':') || (parsed(value) as ipaddr.IPv6).isIPv4MappedAddress()
}

/** Ranges in which no endpoint lies. The value is a valid address. */
export function endpointIp(value: string): string[] {
  switch (parsed(value)?.range()) {
    case 'unspecified':
      return [`may not be unspecified (${value})`]
    case 'loopback':
      return ['may not be in the loopback range (127.0.0.0/8, ::1/128)']
    case 'linkLocal':
      return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']
    default:
      return /^(?:224\.0\.0\.|ff02:)/i.test(value)
        ? ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']
        : []
  }
}

function parsed(value: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const plain = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(value)
  const text = plain ? value.split('.').map(Number).join('.') : value
  const valid = plain
    ? ipaddr.IPv4.isValidFourPartDecimal(text)
    : !text.includes('%') && ipaddr.IPv6.isValid(text)
  return valid ? ipaddr.parse(text) : undefined
}
