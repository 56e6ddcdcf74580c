import { TYPE } from '../../wire/codes.ts'
import {
  ancestor,
  countLabels,
  fold,
  isAtOrBelow,
  labelsOf,
  type Name,
  nameOfLabels,
  nameToText,
} from '../../wire/name.ts'
import { endOfName, type Octets, type Rr, readSoa, readU16 } from '../../wire/record.ts'

const NO_RECORDS: readonly Rr[] = []

/** The records at one name, by type; signatures apart, by the type that they cover. */
export class Node {
  readonly name: Name
  readonly sets = new Map<number, Rr[]>()
  readonly signatures = new Map<number, Rr[]>()

  constructor(name: Name) {
    this.name = name
  }

  of(type: number): readonly Rr[] {
    if (type === TYPE.RRSIG) return [...this.signatures.values()].flat()
    return this.sets.get(type) ?? NO_RECORDS
  }

  signaturesOf(type: number): readonly Rr[] {
    return this.signatures.get(type) ?? NO_RECORDS
  }

  /** The records of a type, and with `dnssec` their signatures. */
  signed(type: number, dnssec: boolean): readonly Rr[] {
    return dnssec ? [...this.of(type), ...this.signaturesOf(type)] : this.of(type)
  }
}

/** What is wrong with records that are to make a zone. */
export class ZoneError extends Error {}

/**
 * The records of a zone, as a file or a transfer gave them; it does not change. SOA and NS of the apex stand apart; the other records by their owner in lower case.
 * Names that records point to are in lower case too, but in SRV, PTR and DNAME.
 */
export class Zone {
  readonly origin: Name
  readonly soa: Rr
  readonly serial: number
  private readonly soaSignatures: readonly Rr[]
  private readonly nameServers: readonly Rr[]
  private readonly nameServerSignatures: readonly Rr[]
  private readonly nodes: ReadonlyMap<Name, Node>
  /** Names with something below them. */
  private readonly withDescendants: ReadonlySet<Name>
  private ordered: readonly Node[] | undefined

  private constructor(origin: Name, parts: Collected) {
    this.origin = origin
    this.soa = parts.soa as Rr
    this.serial = readSoa(this.soa.rdata).serial
    this.soaSignatures = parts.soaSignatures
    this.nameServers = parts.nameServers
    this.nameServerSignatures = parts.nameServerSignatures
    this.nodes = parts.nodes
    this.withDescendants = ancestorsOf(parts.nodes.keys())
  }

  /**
   * @returns undefined when there is no SOA
   * @throws ZoneError for NSEC3, which is not supported
   */
  static of(origin: Name, records: Iterable<Rr>): Zone | undefined {
    const parts: Collected = {
      soa: undefined,
      soaSignatures: [],
      nameServers: [],
      nameServerSignatures: [],
      nodes: new Map(),
    }
    for (const rr of records) collect(origin, parts, canonical(rr))
    return parts.soa === undefined ? undefined : new Zone(origin, parts)
  }

  apexSoa(dnssec: boolean): readonly Rr[] {
    return dnssec ? [this.soa, ...this.soaSignatures] : [this.soa]
  }

  apexNs(dnssec: boolean): readonly Rr[] {
    return dnssec ? [...this.nameServers, ...this.nameServerSignatures] : this.nameServers
  }

  node(name: Name): Node | undefined {
    return this.nodes.get(fold(name))
  }

  /** Whether there is a name strictly below this one. */
  hasBelow(name: Name): boolean {
    return this.withDescendants.has(name)
  }

  /** Names with records one label below this one, so many at most. */
  children(parent: Name, most: number): Name[] {
    const found: Name[] = []
    for (const name of this.nodes.keys()) {
      if (ancestor(name, 1) === parent && name !== parent) found.push(name)
      if (found.length === most) break
    }
    return found
  }

  /** The node with this name or the last one before it in canonical order (RFC 4034 §6.1). */
  atOrBefore(name: Name): Node | undefined {
    const nodes = this.inOrder()
    const labels = labelsOf(name).reverse()
    let low = 0
    let high = nodes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareLabels(labelsOf((nodes[middle] as Node).name).reverse(), labels) <= 0)
        low = middle + 1
      else high = middle
    }
    return nodes[low - 1]
  }

  /** The nearest node at or above a name, up to the apex. */
  closestEncloser(name: Name): Node | undefined {
    for (let at = name; isAtOrBelow(at, this.origin); at = ancestor(at, 1)) {
      const node = this.nodes.get(at)
      if (node !== undefined || at === this.origin) return node
    }
    return undefined
  }

  /** The records as a transfer has them: the apex first, then name after name, then the SOA again (RFC 5936 §2.2). */
  *transfer(): Generator<readonly Rr[]> {
    yield [...this.apexSoa(true), ...this.apexNs(true)]
    for (const node of this.inOrder()) {
      yield [...node.sets.values(), ...node.signatures.values()].flat()
    }
    yield [this.soa]
  }

  private inOrder(): readonly Node[] {
    this.ordered ??= [...this.nodes.values()]
      .map((node) => ({ node, labels: labelsOf(node.name).reverse() }))
      .sort((a, b) => compareLabels(a.labels, b.labels))
      .map(({ node }) => node)
    return this.ordered
  }
}

interface Collected {
  soa: Rr | undefined
  readonly soaSignatures: Rr[]
  readonly nameServers: Rr[]
  readonly nameServerSignatures: Rr[]
  readonly nodes: Map<Name, Node>
}

function collect(origin: Name, parts: Collected, rr: Rr): void {
  const { type } = rr
  const owner = fold(rr.owner)
  if (type === TYPE.NSEC3 || type === TYPE.NSEC3PARAM) {
    throw new ZoneError(
      `NSEC3 zone is not supported, dropping RR: ${nameToText(owner)} for zone: ${nameToText(origin)}`,
    )
  }
  const covered = type === TYPE.RRSIG ? readU16(rr.rdata, 0) : undefined
  if (type === TYPE.SOA) parts.soa = rr
  else if (type === TYPE.NS && owner === origin) parts.nameServers.push(rr)
  else if (covered === TYPE.SOA) parts.soaSignatures.push(rr)
  else if (covered === TYPE.NS && owner === origin) parts.nameServerSignatures.push(rr)
  else insert(parts.nodes, owner, rr, covered)
}

function insert(nodes: Map<Name, Node>, owner: Name, rr: Rr, covered: number | undefined): void {
  let node = nodes.get(owner)
  if (node === undefined) {
    node = new Node(owner)
    nodes.set(owner, node)
  }
  const sets = covered === undefined ? node.sets : node.signatures
  const key = covered ?? rr.type
  const set = sets.get(key)
  if (set === undefined) sets.set(key, [rr])
  else set.push(rr)
}

/** Octets in front of the name that is put into lower case, for types that have one. */
const LOWERED: ReadonlyMap<number, number> = new Map([
  [TYPE.NS, 0],
  [TYPE.CNAME, 0],
  [TYPE.MX, 2],
  [TYPE.SVCB, 2],
  [TYPE.HTTPS, 2],
])

function canonical(rr: Rr): Rr {
  const owner = rr.type === TYPE.SRV ? rr.owner : fold(rr.owner)
  return { ...rr, owner, rdata: loweredRdata(rr) }
}

function loweredRdata({ type, rdata }: Rr): Octets {
  if (rdata === '') return rdata
  const from = type === TYPE.SOA ? 0 : LOWERED.get(type)
  if (from === undefined) return rdata
  const first = endOfName(rdata, from)
  const end = type === TYPE.SOA ? endOfName(rdata, first) : first
  return (rdata.slice(0, from) + fold(rdata.slice(from, end)) + rdata.slice(end)) as Octets
}

function ancestorsOf(names: Iterable<Name>): Set<Name> {
  const ancestors = new Set<Name>()
  for (const name of names) {
    for (let at = ancestor(name, 1); !ancestors.has(at); at = ancestor(at, 1)) {
      ancestors.add(at)
      if (at.length === 1) break
    }
  }
  return ancestors
}

function compareLabels(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [left, right] = [a[i] as string, b[i] as string]
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}

/** The name with `*` for its first label; undefined right below the root, where the reference knows no wildcards. */
export function wildcardOf(name: Name): Name | undefined {
  if (countLabels(name) < 2) return undefined
  return nameOfLabels(['*'], ancestor(name, 1))
}
