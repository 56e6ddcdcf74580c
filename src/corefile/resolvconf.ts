/** What a resolver's configuration says (resolv.conf(5)), as far as DNS servers need it. */
export interface ResolvConf {
  /** The name servers as written: addresses, perhaps with a zone (`fe80::1%eth0`). */
  readonly servers: readonly string[]
  /** The search list as written, or the domain. The last line of either kind counts. */
  readonly search: readonly string[]
}

/** Reads a file of the form of /etc/resolv.conf. Lines that it does not know are left out, so every text is one. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = []
  let search: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.split(/\s+/u).filter((word) => word !== '')
    if (keyword === 'nameserver' && values[0] !== undefined) servers.push(values[0])
    if (keyword === 'domain') search = values.slice(0, 1)
    if (keyword === 'search') search = values
  }
  return { servers, search }
}
