import { Kapi } from '../clients/kapi.ts'

/** What all servers are asked about: so many Namespaces, and Services in each, every fifth headless with three endpoints. */
export const NAMESPACES = 10
export const SERVICES = 100

const address = (a: number, b: number, c: number, d: number) => `${a}.${b}.${c}.${d}`
const isHeadless = (s: number) => s % 5 === 4
const endpoints = (ns: number, s: number) => [1, 2, 3].map((k) => address(172, ns, s, k))

/** An API server that holds the cluster. */
export async function startCluster(): Promise<Kapi> {
  const kapi = await Kapi.start()
  for (let ns = 0; ns < NAMESPACES; ns++) {
    const namespace = `ns${ns}`
    await kapi.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    for (let s = 0; s < SERVICES; s++) for (const object of objects(ns, s)) await kapi.put(object)
  }
  return kapi
}

function objects(ns: number, s: number) {
  const metadata = { name: `svc${s}`, namespace: `ns${ns}` }
  const clusterIP = isHeadless(s) ? 'None' : address(10, ns, s, 1)
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { clusterIP, clusterIPs: [clusterIP], ports },
  }
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
    addressType: 'IPv4',
    endpoints: endpoints(ns, s).map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    ports,
  }
  return [service, slice]
}

/** The same names as a master file, for servers that know no Kubernetes. */
export function zoneFile(): string {
  const lines = [
    '$ORIGIN cluster.local.',
    '$TTL 30',
    '@ SOA ns.dns hostmaster 1 7200 1800 86400 30',
    '@ NS ns.dns',
    'ns.dns A 10.96.0.10',
  ]
  for (let ns = 0; ns < NAMESPACES; ns++) {
    for (let s = 0; s < SERVICES; s++) {
      const name = `svc${s}.ns${ns}.svc`
      const ips = isHeadless(s) ? endpoints(ns, s) : [address(10, ns, s, 1)]
      for (const ip of ips) lines.push(`${name} A ${ip}`)
      lines.push(`_http._tcp.${name} SRV 0 100 80 ${name}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** The same names as lines of hosts(5). */
export function hostsFile(): string {
  const lines: string[] = []
  for (let ns = 0; ns < NAMESPACES; ns++) {
    for (let s = 0; s < SERVICES; s++) {
      if (!isHeadless(s)) lines.push(`${address(10, ns, s, 1)} svc${s}.ns${ns}.svc.cluster.local`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Queries of one kind of work, as dnsperf reads them. */
export const WORK: Readonly<Record<string, () => string[]>> = {
  'hot ClusterIP': () => names((s) => !isHeadless(s)).map((name) => `${name} A`),
  'hot headless': () => names(isHeadless).map((name) => `${name} A`),
  'hot SRV': () => names(() => true).map((name) => `_http._tcp.${name} SRV`),
  mix: () =>
    names(() => true).flatMap((name) => [`${name} A`, `${name} AAAA`, `_http._tcp.${name} SRV`]),
  'search walk': () =>
    distinct(30_000).flatMap((i) => {
      const outside = `api.host${i}.example.com`
      const ns = `ns${i % NAMESPACES}`
      return [`${ns}.svc.`, 'svc.', ''].map((domain) => `${outside}.${domain}cluster.local A`)
    }),
  'absent names': () =>
    distinct(100_000).map((i) => `gone${i}.ns${i % NAMESPACES}.svc.cluster.local A`),
}

function names(which: (s: number) => boolean): string[] {
  const all: string[] = []
  for (let ns = 0; ns < NAMESPACES; ns++) {
    for (let s = 0; s < SERVICES; s++) if (which(s)) all.push(`svc${s}.ns${ns}.svc.cluster.local`)
  }
  // In no order that a cache would like, and the same in every run.
  return all.sort((a, b) => mixed(a) - mixed(b))
}

const distinct = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

function mixed(text: string): number {
  let hash = 7
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
