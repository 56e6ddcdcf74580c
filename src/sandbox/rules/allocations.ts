import ipaddr from 'ipaddr.js'
import type { Resource } from '../resources.ts'
import { resource } from '../resources.ts'
import { type FieldError, field } from '../status.ts'
import type { Storage } from '../storage.ts'
import type { ApiObject, Json } from '../types.ts'

/** Where NodePorts come from (the API server's --service-node-port-range). */
export const NODE_PORTS = { first: 30_000, last: 32_767 }

type Family = 'IPv4' | 'IPv6'

interface Range {
  family: Family
  first: bigint
  size: bigint
  cidr: string
}

/**
 * ClusterIPs and NodePorts of Services. What is taken is read from the stored Services, so nothing has to be given back.
 * The first address of a family is searched from the middle of the range, away from the ones that people write by hand.
 */
export class Allocations {
  readonly #ranges: Range[]
  readonly #storage: Storage
  readonly #services: Resource
  readonly #next = new Map<Family, bigint>()
  #nextPort = NODE_PORTS.first + 1_000
  #taken: Taken | undefined

  constructor(cidrs: string[], storage: Storage) {
    this.#ranges = cidrs.map(readRange)
    this.#storage = storage
    this.#services = resource('v1', 'Service')
  }

  /** Fills in addresses, families and node ports of a Service that is valid otherwise. */
  allocate(service: ApiObject, old?: ApiObject): FieldError[] {
    const { spec } = service
    if (spec.type === 'ExternalName') {
      for (const member of ADDRESS_FIELDS) delete spec[member]
      return []
    }
    const errors = this.#families(service)
    if (errors.length === 0) errors.push(...this.#addresses(service))
    if (errors.length === 0) errors.push(...this.#nodePorts(service, old))
    return errors
  }

  /** ipFamilyPolicy and ipFamilies, by what is written and which ranges there are. */
  #families(service: ApiObject): FieldError[] {
    const { spec } = service
    const written: string[] = spec.clusterIPs ?? []
    const known = written.filter((one) => one !== '' && one !== 'None')
    if (known.length > (spec.ipFamilies?.length ?? 0)) spec.ipFamilies = known.map(familyOf)
    const all = this.#ranges.map((range) => range.family)
    const headless = spec.clusterIP === 'None' && !spec.selector
    spec.ipFamilyPolicy ??= headless ? 'RequireDualStack' : 'SingleStack'
    // A headless Service without selector is dual-stack by default: its endpoints are somebody else's.
    const families: string[] = [...(spec.ipFamilies ?? [all[0] ?? 'IPv4'])]
    if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1) {
      const other = families[0] === 'IPv4' ? 'IPv6' : 'IPv4'
      if (all.includes(other) || headless) families.push(other)
      else if (spec.ipFamilyPolicy === 'RequireDualStack') return [notDualStack(spec)]
    }
    if (spec.ipFamilyPolicy === 'SingleStack') {
      const errors = tooManyFor(spec, known)
      if (errors.length > 0) return errors
    }
    spec.ipFamilies = families
    return this.#unservedFamilies(spec, families, known.length > 0 || spec.clusterIP === 'None')
  }

  #unservedFamilies(spec: Json, families: string[], written: boolean): FieldError[] {
    if (written) return []
    const missing = families.find((one) => !this.#ranges.some((range) => range.family === one))
    if (missing === undefined) return []
    return [
      field.invalid('spec.ipFamilies[0]', spec.ipFamilies[0], 'not configured on this cluster'),
    ]
  }

  #addresses(service: ApiObject): FieldError[] {
    const { spec } = service
    if (spec.clusterIP === 'None') {
      spec.clusterIPs = ['None']
      return []
    }
    const written: string[] = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])
    const taken = this.#index().addresses
    const key = keyOf(service)
    const addresses: string[] = []
    for (const [index, family] of (spec.ipFamilies as Family[]).entries()) {
      const asked = written[index]
      const ranges = this.#ranges.filter((one) => one.family === family)
      const refused = asked === undefined ? '' : whyNot(asked, ranges, taken.get(asked), key)
      if (refused !== '') return [field.invalid('spec.clusterIPs', written, refused)]
      addresses.push(asked || this.#free(family, taken))
    }
    if (addresses.includes('')) {
      return [field.invalid('spec.clusterIPs', written, 'range is full')]
    }
    spec.clusterIP = addresses[0]
    spec.clusterIPs = addresses
    return []
  }

  #free(family: Family, taken: Map<string, string>): string {
    const range = this.#ranges.find((one) => one.family === family)
    if (range === undefined) return ''
    const usable = range.size > 2n ? range.size - 2n : 0n
    const start = this.#next.get(family) ?? usable / 2n
    for (let step = 0n; step < usable && step <= BigInt(taken.size); step++) {
      const offset = (start + step) % usable
      const address = writeAddress(range.family, range.first + 1n + offset)
      if (taken.has(address)) continue
      this.#next.set(family, offset + 1n)
      return address
    }
    return ''
  }

  #nodePorts(service: ApiObject, old: ApiObject | undefined): FieldError[] {
    const { spec } = service
    const wanted = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
    const ports: Json[] = spec.ports ?? []
    if (!wanted || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false)) {
      return []
    }
    const taken = this.#index().ports
    const key = keyOf(service)
    const own = new Set<string>()
    for (const [index, port] of ports.entries()) {
      const before = old?.spec.ports?.find(
        (one: Json) => one.port === port.port && one.protocol === port.protocol,
      )
      port.nodePort ??= before?.nodePort ?? freePort(taken, this.#nextPort++)
      const path = `spec.ports[${index}].nodePort`
      if (port.nodePort < NODE_PORTS.first || port.nodePort > NODE_PORTS.last) {
        const text = `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`
        return [field.invalid(path, port.nodePort, text)]
      }
      const name = `${port.protocol}/${port.nodePort}`
      if (own.has(name) || (taken.get(name) ?? key) !== key) {
        return [field.invalid(path, port.nodePort, 'provided port is already allocated')]
      }
      own.add(name)
    }
    return []
  }

  /** What is taken and by whom, read from the stored Services once and kept in step from then on. */
  #index(): Taken {
    if (this.#taken !== undefined) return this.#taken
    const taken: Taken = { addresses: new Map(), ports: new Map() }
    this.#taken = taken
    for (const service of this.#storage.list(this.#services)) take(taken, service)
    this.#storage.subscribe((change) => {
      if (change.resource !== this.#services) return
      if (change.previous !== undefined) release(taken, change.previous)
      if (change.type !== 'DELETED') take(taken, change.object)
    })
    return taken
  }
}

/** Addresses and `PROTOCOL/nodePort`, each with the key of the Service that has it. */
interface Taken {
  addresses: Map<string, string>
  ports: Map<string, string>
}

function take(taken: Taken, service: ApiObject): void {
  const key = keyOf(service)
  for (const address of addressesOf(service)) taken.addresses.set(address, key)
  for (const port of nodePortsOf(service)) taken.ports.set(port, key)
}

function release(taken: Taken, service: ApiObject): void {
  for (const address of addressesOf(service)) taken.addresses.delete(address)
  for (const port of nodePortsOf(service)) taken.ports.delete(port)
}

function nodePortsOf(service: ApiObject): string[] {
  const ports = (service.spec?.ports ?? []) as Json[]
  return ports
    .filter((one) => one.nodePort)
    .map((one) => `${one.protocol ?? 'TCP'}/${one.nodePort}`)
}

const ADDRESS_FIELDS = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']

/** One family, but two addresses or families written. */
function tooManyFor(spec: Json, addresses: string[]): FieldError[] {
  const path = 'spec.ipFamilyPolicy'
  const text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
  const wrong = []
  if (addresses.length > 1) wrong.push(`${text} cluster IPs are specified`)
  if (spec.ipFamilies?.length > 1) wrong.push(`${text} IP families are specified`)
  return wrong.map((one) => field.invalid(path, spec.ipFamilyPolicy, one))
}

function notDualStack(spec: Json): FieldError {
  const text = 'this cluster is not configured for dual-stack services'
  return field.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, text)
}

function addressesOf(service: ApiObject): string[] {
  const all: string[] = service.spec?.clusterIPs ?? [service.spec?.clusterIP]
  return all.filter((one) => one && one !== 'None')
}

function keyOf(service: ApiObject): string {
  return `${service.metadata.namespace}/${service.metadata.name}`
}

function freePort(taken: Map<string, string>, from: number): number {
  const count = NODE_PORTS.last - NODE_PORTS.first + 1
  for (let step = 0; step < count; step++) {
    const port = NODE_PORTS.first + ((from - NODE_PORTS.first + step) % count)
    if (!taken.has(`TCP/${port}`) && !taken.has(`UDP/${port}`)) return port
  }
  return 0
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

/** Why a Service cannot have an address that it asks for; empty where it can. */
function whyNot(address: string, ranges: Range[], owner: string | undefined, key: string): string {
  if (owner === key) return ''
  const failed = `failed to allocate IP ${address}: `
  if (owner !== undefined) return `${failed}provided IP is already allocated`
  if (ranges.length === 0 || ranges.some((range) => contains(range, address))) return ''
  return `${failed}the provided IP (${address}) is not in the valid range. The range of valid IPs is ${ranges.map((range) => range.cidr).join(', ')}`
}

function contains({ cidr }: Range, address: string): boolean {
  const parsed = ipaddr.process(address)
  const [first, bits] = ipaddr.parseCIDR(cidr)
  return parsed.kind() === first.kind() && parsed.match(first, bits)
}

/** Throws for text that is no CIDR: that is wrong configuration. */
export function readRange(cidr: string): Range {
  const [address, bits] = ipaddr.parseCIDR(cidr)
  const octets = address.toByteArray()
  const width = BigInt(octets.length * 8 - bits)
  const value = octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
  const family = octets.length === 4 ? 'IPv4' : 'IPv6'
  return { family, first: (value >> width) << width, size: 1n << width, cidr }
}

/** The address with this number, in its canonical text. */
export function writeAddress(family: Family, value: bigint): string {
  const octets: number[] = []
  for (let left = family === 'IPv4' ? 4 : 16, rest = value; left > 0; left--, rest >>= 8n) {
    octets.unshift(Number(rest & 255n))
  }
  const address = ipaddr.fromByteArray(octets)
  return family === 'IPv4' ? address.toString() : (address as ipaddr.IPv6).toRFC5952String()
}
