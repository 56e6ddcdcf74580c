/** Records as text: master files and single records (RFC 1035 §5, RFC 3597 §5), both ways. */
export { PresentationError } from './presentation/error.ts'
export { addressToText, ipv4Octets, ipv6Octets } from './presentation/fields.ts'
export { rdataToText, rrToText } from './presentation/record.ts'
export { ttlFromText } from './presentation/ttl.ts'
export { parseZone, rrFromText, type ZoneOptions } from './presentation/zone.ts'
