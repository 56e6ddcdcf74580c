/** Order of texts by their UTF-8 octets, which is the order of CoreDNS's lists. */
export function compareText(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
