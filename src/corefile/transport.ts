/** What carries DNS messages, as the scheme of a key or of an upstream server. */
export type Transport = 'dns' | 'tls' | 'quic' | 'grpc' | 'https' | 'https3'

/** The port of each transport where none is written. Of `dns` the operator may choose another for server blocks. */
export const DEFAULT_PORT: Readonly<Record<Transport, number>> = {
  dns: 53,
  tls: 853,
  quic: 853,
  grpc: 443,
  https: 443,
  https3: 443,
}

/** Splits `SCHEME://REST`. Without a scheme, or with one that is none of these, all of it is the rest and the transport is `dns`. */
export function splitTransport(text: string): { transport: Transport | 'unix'; rest: string } {
  const scheme = /^(dns|tls|quic|grpc|https3|https|unix):\/\//.exec(text)
  if (scheme === null) return { transport: 'dns', rest: text }
  return { transport: scheme[1] as Transport | 'unix', rest: text.slice(scheme[0].length) }
}
