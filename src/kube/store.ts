import type {
  NamespaceRecord,
  PodRecord,
  ServiceImportRecord,
  ServiceRecord,
  SliceRecord,
} from './records.ts'

export type {
  EndpointRecord,
  NamespaceRecord,
  PodRecord,
  PortRecord,
  ServiceImportRecord,
  ServiceRecord,
  SliceRecord,
} from './records.ts'
export { isPublished } from './records.ts'

/**
 * What a cluster says, as far as DNS asks. Every method is synchronous and sees one state: nothing changes between two
 * calls of one turn of the event loop. Names are matched as given, so ask in lower case. Arrays belong to the store.
 */
export interface Store {
  /** Every watch has had its first complete list. Never becomes false again. */
  readonly synced: boolean
  /** When the data last changed in a way that a SOA serial shows. */
  readonly stamps: Stamps

  service(name: string, namespace: string): ServiceRecord | undefined
  services(): Iterable<ServiceRecord>
  /** Slices labelled with a Service's name, whether or not that Service exists. In no promised order. */
  slices(service: string, namespace: string): readonly SliceRecord[]
  namespace(name: string): NamespaceRecord | undefined
  namespaces(): Iterable<NamespaceRecord>

  /** Services with this among their clusterIPs. */
  servicesByAddress(address: string): readonly ServiceRecord[]
  /** Services with this among their externalIPs or load balancer ingress (an address or a host name). */
  servicesByExternalAddress(address: string): readonly ServiceRecord[]
  /** Slices that hold this address, ready or not; look for it among their endpoints. */
  slicesByAddress(address: string): readonly SliceRecord[]
  /** Pods whose primary address this is (several share one on the host's network). Empty unless Pods are watched. */
  podsByAddress(address: string): readonly PodRecord[]
  /** Of those, the one that came last. */
  podByAddress(address: string): PodRecord | undefined

  serviceImport(name: string, namespace: string): ServiceImportRecord | undefined
  serviceImports(): Iterable<ServiceImportRecord>
  /** Slices labelled `multicluster.kubernetes.io/service-name`. */
  clusterSlices(service: string, namespace: string): readonly SliceRecord[]

  /**
   * Has a listener told of every change, once per applied object, after the store shows it and before anything else runs.
   *
   * @returns takes the listener off again
   */
  onChange(listener: ChangeListener): () => void
}

/** Unix seconds; 0 until the first change of that kind. */
export interface Stamps {
  /** Of the cluster's own zones. */
  readonly internal: number
  /** Of clusterset zones. */
  readonly multicluster: number
  /** Of k8s_external's zones. */
  readonly external: number
}

/** Keys whose answers may differ now, of the old record and of the new one, without repetition. Never empty. */
export type ChangeKeys = readonly string[]
export type ChangeListener = (keys: ChangeKeys) => void

/** The first complete list of everything is in. */
export const SYNCED_KEY = 'synced'

/** A Service: it came, went, or any field of its record changed. */
export function serviceKey(name: string, namespace: string): string {
  return `service:${namespace}/${name}`
}

/** The slices of a Service, or which of their endpoints are published. */
export function endpointsKey(service: string, namespace: string): string {
  return `endpoints:${namespace}/${service}`
}

/** A Namespace came or went. */
export function namespaceKey(name: string): string {
  return `namespace:${name}`
}

/** What holds an address: Services (cluster and external), slices, Pods. */
export function addressKey(address: string): string {
  return `address:${address}`
}

/** A ServiceImport. */
export function serviceImportKey(name: string, namespace: string): string {
  return `import:${namespace}/${name}`
}

/** The slices of a ServiceImport. */
export function clusterEndpointsKey(service: string, namespace: string): string {
  return `cluster-endpoints:${namespace}/${service}`
}

/** One of the {@link Stamps}; not a reason to drop an answer whose SOA serial is filled in live. */
export function stampKey(stamp: keyof Stamps): string {
  return `stamp:${stamp}`
}
