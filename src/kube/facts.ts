import type {
  EndpointRecord,
  NamespaceRecord,
  PodRecord,
  PortRecord,
  ServiceImportRecord,
  ServiceRecord,
  SliceRecord,
} from './records.ts'

/**
 * The records as the store keeps them. Classes rather than literals: one hidden class each, and what can be told from
 * another field, or fits in one small integer, is a getter and not eight octets in every record.
 */
export abstract class Fact {
  readonly name: string
  readonly namespace: string
  /** The resourceVersion; as a number where that is the same decimal text, which is cheaper to keep. */
  version: number | string
  /** The last complete list that this was in: what an older list left behind is swept. */
  generation = 0

  constructor(name: string, namespace: string, resourceVersion: string) {
    this.name = name
    this.namespace = namespace
    this.version = packVersion(resourceVersion)
  }

  get resourceVersion(): string {
    return String(this.version)
  }
}

/** A resourceVersion as {@link Fact} keeps it. */
export function packVersion(resourceVersion: string): number | string {
  if (resourceVersion.length > 15) return resourceVersion
  const number = Number(resourceVersion)
  return String(number) === resourceVersion ? number : resourceVersion
}

const PUBLISHES_NOT_READY = 1
const SELECTS = 2

export class Service extends Fact implements ServiceRecord {
  readonly clusterIPs: readonly string[]
  readonly type: string
  readonly externalName: string
  readonly ports: readonly PortRecord[]
  readonly externalIPs: readonly string[]
  /** Small integers: see the constants above. */
  readonly flags: number

  constructor(
    name: string,
    namespace: string,
    resourceVersion: string,
    spec: Omit<ServiceRecord, 'name' | 'namespace' | 'resourceVersion' | 'headless'>,
  ) {
    super(name, namespace, resourceVersion)
    this.clusterIPs = spec.clusterIPs
    this.type = spec.type
    this.externalName = spec.externalName
    this.ports = spec.ports
    this.externalIPs = spec.externalIPs
    this.flags =
      (spec.publishNotReadyAddresses ? PUBLISHES_NOT_READY : 0) | (spec.selects ? SELECTS : 0)
  }

  get headless(): boolean {
    return this.clusterIPs[0] === 'None'
  }
  get publishNotReadyAddresses(): boolean {
    return (this.flags & PUBLISHES_NOT_READY) !== 0
  }
  get selects(): boolean {
    return (this.flags & SELECTS) !== 0
  }
}

const NOT_READY = 1
const SERVING_KNOWN = 2
const SERVING = 4
const TERMINATING_KNOWN = 8
const TERMINATING = 16

/** EndpointConditions in one small integer; absent conditions are undefined (or null, as JSON may have it). */
export function packConditions(
  ready: boolean | null | undefined,
  serving: boolean | null | undefined,
  terminating: boolean | null | undefined,
): number {
  return (
    (ready === false ? NOT_READY : 0) |
    (typeof serving === 'boolean' ? SERVING_KNOWN | (serving ? SERVING : 0) : 0) |
    (typeof terminating === 'boolean' ? TERMINATING_KNOWN | (terminating ? TERMINATING : 0) : 0)
  )
}

export class Endpoint implements EndpointRecord {
  readonly address: string
  readonly hostname: string
  readonly podName: string
  readonly nodeName: string
  readonly zone: string
  /** See {@link packConditions}. */
  readonly conditions: number

  constructor(
    address: string,
    hostname: string,
    podName: string,
    nodeName: string,
    zone: string,
    conditions: number,
  ) {
    this.address = address
    this.hostname = hostname
    this.podName = podName
    this.nodeName = nodeName
    this.zone = zone
    this.conditions = conditions
  }

  get ready(): boolean {
    return (this.conditions & NOT_READY) === 0
  }
  get serving(): boolean | undefined {
    return (this.conditions & SERVING_KNOWN) === 0 ? undefined : (this.conditions & SERVING) !== 0
  }
  get terminating(): boolean | undefined {
    if ((this.conditions & TERMINATING_KNOWN) === 0) return undefined
    return (this.conditions & TERMINATING) !== 0
  }
}

export class Slice extends Fact implements SliceRecord {
  readonly service: string
  readonly clusterService: string | undefined
  readonly sourceCluster: string
  readonly addressType: string
  readonly endpoints: readonly Endpoint[]
  readonly ports: readonly PortRecord[]
  lastChangeTrigger: number

  constructor(
    name: string,
    namespace: string,
    resourceVersion: string,
    spec: Omit<SliceRecord, 'name' | 'namespace' | 'resourceVersion' | 'endpoints'> & {
      endpoints: readonly Endpoint[]
    },
  ) {
    super(name, namespace, resourceVersion)
    this.service = spec.service
    this.clusterService = spec.clusterService
    this.sourceCluster = spec.sourceCluster
    this.addressType = spec.addressType
    this.endpoints = spec.endpoints
    this.ports = spec.ports
    this.lastChangeTrigger = spec.lastChangeTrigger
  }
}

export class Namespace extends Fact implements NamespaceRecord {
  constructor(name: string, resourceVersion: string) {
    super(name, '', resourceVersion)
  }
}

export class Pod extends Fact implements PodRecord {
  readonly podIP: string
  readonly labels: Readonly<Record<string, string>>

  constructor(
    name: string,
    namespace: string,
    resourceVersion: string,
    podIP: string,
    labels: Readonly<Record<string, string>>,
  ) {
    super(name, namespace, resourceVersion)
    this.podIP = podIP
    this.labels = labels
  }
}

export class ServiceImport extends Fact implements ServiceImportRecord {
  readonly ips: readonly string[]
  readonly type: string
  readonly ports: readonly PortRecord[]

  constructor(
    name: string,
    namespace: string,
    resourceVersion: string,
    spec: Pick<ServiceImportRecord, 'ips' | 'type' | 'ports'>,
  ) {
    super(name, namespace, resourceVersion)
    this.ips = spec.ips
    this.type = spec.type
    this.ports = spec.ports
  }

  get headless(): boolean {
    return this.type === 'Headless'
  }
}
