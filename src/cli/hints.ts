import { nearest } from '../corefile/nearest.ts'
import type { Finding } from '../server/finding.ts'

/** Directives of other times and places, and what to write instead. */
const OTHER_DIRECTIVES: Readonly<Record<string, string>> = {
  proxy:
    'proxy went with CoreDNS 1.5: write `forward FROM TO...`; `policy`, `except` and `max_fails` stay, `fail_timeout` and `spray` go, `health_check` takes an interval alone',
  federation: 'federation went with CoreDNS 1.7, and with it the API it asked: remove it',
  reverse:
    'reverse went with CoreDNS 1.2: `template` makes addresses of names and names of addresses',
  startup: 'a DNS server that starts programs is not what Muster is: let the container do it',
  shutdown: 'a DNS server that starts programs is not what Muster is: let the container do it',
}

/** Plugins of CoreDNS that Muster has not. */
const COREDNS_ONLY: Readonly<Record<string, string>> = {
  quic: 'Muster speaks no QUIC: use tls:// or https://',
  https3: 'Muster speaks no QUIC: use tls:// or https://',
}
const COREDNS =
  'geoip proxyproto quic grpc_server https https3 trace dnstap dnssec transfer rewrite file auto secondary route53 azure clouddns etcd grpc sign nomad'.split(
    ' ',
  )

/** Options that are gone, in whatever plugin they stand. */
const OLD_OPTIONS: Readonly<Record<string, string>> = {
  upstream:
    'remove the line: since CoreDNS 1.7 the server asks itself for the names that CNAMEs lead to',
  resyncperiod: 'remove the line: a watch tells every change, nothing is listed again',
  federation: 'remove the line: federation went with CoreDNS 1.7',
  no_reload: 'write `reload 0`',
  timeout: 'write `reload DURATION`',
  stubzones: 'remove the line: write a server block with `forward` for the zone instead',
  fail_timeout: 'remove the line: an upstream is tried again as soon as a health check succeeds',
  spray:
    'remove the line: with all upstreams down, one is tried anyway unless `failfast_all_unhealthy_upstreams` stands there',
  protocol: 'write the protocol into the address: `tls://192.0.2.1`',
}

/** The words that stand at the beginning of a line in each plugin's block. */
export const OPTIONS: Readonly<Record<string, string>> = {
  acl: 'allow block filter drop',
  auto: 'directory reload upstream',
  bind: 'except',
  cache: 'success denial prefetch serve_stale serve_stale_policy servfail disable keepttl',
  dns64: 'prefix translate_all allow_ipv4',
  erratic: 'drop truncate delay large',
  errors: 'stacktrace consolidate',
  file: 'reload reload_by_mtime upstream fallthrough',
  forward:
    'except force_tcp prefer_udp expire max_age max_idle_conns read_timeout max_fails max_connect_attempts max_concurrent tls tls_servername doh_method policy health_check next next_on_nodata failover failfast_all_unhealthy_upstreams source_address',
  header: 'query response',
  health: 'lameduck',
  hosts: 'ttl no_reverse reload fallthrough fallthrough_unsupported',
  k8s_external: 'apex ttl headless fallthrough',
  kubernetes:
    'endpoint tls kubeconfig apiserver_qps apiserver_burst apiserver_max_inflight namespaces namespace_labels labels pods endpoint_pod_names ttl noendpoints fallthrough ignore multicluster zonal startup_timeout snapshot',
  loadbalance: 'reload prefer',
  local: 'localhost_prefix',
  log: 'class',
  prometheus: 'runtime_metrics tls',
  ready: 'monitor',
  secondary: 'transfer fallthrough',
  template: 'match answer additional authority rcode ederror fallthrough upstream var expr',
  timeouts: 'read write idle max_queries',
  tls: 'client_auth keylog acme email ca storage ca_root resolver',
  transfer: 'to',
  tsig: 'secret secrets require require_opcode',
  view: 'expr',
}

/** What to do about a finding; undefined where its text says it. */
export function hintFor(finding: Finding, directives: readonly string[]): string | undefined {
  const { text, plugin } = finding
  const directive = /^Unknown directive '([\s\S]*)'$/.exec(text)?.[1]
  if (directive !== undefined) return aboutDirective(directive, directives)
  const property = /unknown (?:property|option) ['"]([^'"]*)['"]/.exec(text)?.[1]
  if (property !== undefined && plugin !== undefined) return aboutOption(property, plugin)
  const word = /unexpected line ending after '([^']*)'/.exec(text)?.[1]
  if (word !== undefined && plugin !== undefined && isMistyped(word, plugin)) {
    return aboutOption(word, plugin)
  }
  for (const [pattern, hint] of HINTS) if (pattern.test(text)) return hint
  if (plugin === undefined || finding.kind === 'note') return undefined
  return `src/plugin/${plugin}/README.md has the syntax`
}

function aboutDirective(directive: string, known: readonly string[]): string {
  const other = OTHER_DIRECTIVES[directive] ?? COREDNS_ONLY[directive]
  if (other !== undefined) return other
  if (COREDNS.includes(directive)) {
    return 'a plugin of CoreDNS that Muster does not have: remove it, or stay with CoreDNS for this'
  }
  const [near, ...more] = nearest(directive, [...known, ...Object.keys(OTHER_DIRECTIVES)])
  if (near !== undefined) return didYouMean([near, ...more])
  const plugin = Object.keys(OPTIONS).find((name) => OPTIONS[name]?.split(' ').includes(directive))
  if (plugin !== undefined) return `an option of ${plugin}: put it into braces behind ${plugin}`
  return '`muster -plugins` lists the plugins there are; those from outside CoreDNS are not among them'
}

function aboutOption(property: string, plugin: string): string {
  const old = OLD_OPTIONS[property]
  if (old !== undefined) return old
  const options = OPTIONS[plugin]?.split(' ') ?? []
  const near = nearest(property, options)
  if (near.length > 0) return didYouMean(near)
  return options.length > 0
    ? `${plugin} takes ${options.join(', ')}`
    : `${plugin} takes no options in braces`
}

/** Some plugins take a word that they do not know for an argument, and complain of their number. */
function isMistyped(word: string, plugin: string): boolean {
  const options = OPTIONS[plugin]?.split(' ') ?? []
  return !options.includes(word) && nearest(word, options).length > 0
}

const didYouMean = (words: readonly string[]) =>
  `did you mean ${words.map((word) => `\`${word}\``).join(' or ')}?`

/** By what the text says. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/no matching opening brace/, 'there is one closing brace too many, here or in the block before'],
  [/Unexpected EOF|Unexpected end of file/i, 'a brace is opened and not closed again'],
  [/Expected another address/, 'take the comma before the brace away'],
  [
    /already defined|zone overlap/,
    'two blocks serve this zone at one address: put them together, or give one another port or `bind`',
  ],
  [/only be used once/, 'put both lines into one, or remove one'],
  [
    /non-reverse zone name/,
    'name the cluster’s zone: `kubernetes cluster.local in-addr.arpa ip6.arpa`',
  ],
  [/File to import not found/, 'relative paths begin at the folder of the file that they stand in'],
  [
    /no such file|cannot find|ENOENT/,
    'it must be there where the server runs, under this very path',
  ],
  [/Wrong argument count/, 'count the words of the line: one is missing, or one too many'],
]
