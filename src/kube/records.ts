/**
 * The few fields of each API object that DNS needs. Records are immutable for whoever reads them; a change of the object
 * puts a new record in the store, so a record may be kept across awaits as a picture of one moment.
 *
 * Texts are as the API server gave them (names and labels are lower case there by validation); empty text where the
 * object has none. Addresses are in the spelling of the object, which the API server keeps canonical.
 */

/** A port of a Service, a slice or an import. An object without ports has one: number -1, empty name and protocol. */
export interface PortRecord {
  /** -1 where the object gives none. */
  readonly number: number
  readonly name: string
  /** `TCP`, `UDP`, `SCTP`, or empty. */
  readonly protocol: string
}

/** v1 Service. */
export interface ServiceRecord {
  readonly name: string
  readonly namespace: string
  /** `spec.clusterIPs`, else the one `spec.clusterIP`, which may be empty text: there is always a first element. */
  readonly clusterIPs: readonly string[]
  /** `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`. */
  readonly type: string
  /** The first of `clusterIPs` is `None`. Look at `type` first: an ExternalName is never headless. */
  readonly headless: boolean
  readonly externalName: string
  /** Never empty: see PortRecord. */
  readonly ports: readonly PortRecord[]
  /** `spec.externalIPs`, then each `status.loadBalancer.ingress`: its ip, else its hostname. */
  readonly externalIPs: readonly string[]
  readonly publishNotReadyAddresses: boolean
  /** `spec.selector` names at least one label: its slices are made by a controller, not by hand. */
  readonly selects: boolean
  readonly resourceVersion: string
}

/** One address of one endpoint of a slice: an endpoint with two addresses makes two of these. */
export interface EndpointRecord {
  readonly address: string
  readonly hostname: string
  /** `targetRef.name`, whatever kind it is; empty where it has 64 octets or more, which no DNS label holds. */
  readonly podName: string
  readonly nodeName: string
  readonly zone: string
  /** `conditions.ready`; absent counts as ready (discovery.k8s.io/v1 EndpointConditions). */
  readonly ready: boolean
  readonly serving: boolean | undefined
  readonly terminating: boolean | undefined
}

/** discovery.k8s.io/v1 EndpointSlice. Slices are never merged: the same address may be in several. */
export interface SliceRecord {
  readonly name: string
  readonly namespace: string
  /** Label `kubernetes.io/service-name`, or empty: such a slice belongs to the Service with the empty name. */
  readonly service: string
  /** Label `multicluster.kubernetes.io/service-name`, or undefined where the slice has no such label. */
  readonly clusterService: string | undefined
  /** Label `multicluster.kubernetes.io/source-cluster`, or empty. */
  readonly sourceCluster: string
  /** `IPv4`, `IPv6` or `FQDN`. */
  readonly addressType: string
  /** In the object's order, the not ready ones too: see {@link isPublished}. */
  readonly endpoints: readonly EndpointRecord[]
  /** Never empty: see PortRecord. */
  readonly ports: readonly PortRecord[]
  /** Annotation `endpoints.kubernetes.io/last-change-trigger-time` in milliseconds since 1970; NaN where there is none. */
  readonly lastChangeTrigger: number
  readonly resourceVersion: string
}

/** v1 Namespace. */
export interface NamespaceRecord {
  readonly name: string
  readonly resourceVersion: string
}

/** v1 Pod, of those that are neither Succeeded nor Failed. */
export interface PodRecord {
  readonly name: string
  readonly namespace: string
  /** `status.podIP`: the primary address, possibly empty. */
  readonly podIP: string
  readonly labels: Readonly<Record<string, string>>
  readonly resourceVersion: string
}

/** multicluster.x-k8s.io/v1alpha1 ServiceImport. */
export interface ServiceImportRecord {
  readonly name: string
  readonly namespace: string
  /** `spec.ips`. */
  readonly ips: readonly string[]
  /** `ClusterSetIP` or `Headless`. */
  readonly type: string
  readonly headless: boolean
  /** Empty where the import has none: there is no sentinel here. */
  readonly ports: readonly PortRecord[]
  readonly resourceVersion: string
}

/**
 * Whether DNS may tell of an endpoint: it is ready, or its Service publishes addresses that are not
 * (Service `spec.publishNotReadyAddresses`: "any agents … should disregard any indications of ready/not-ready").
 *
 * @param service the slice's Service, undefined for an orphan
 */
export function isPublished(endpoint: EndpointRecord, service: ServiceRecord | undefined): boolean {
  return endpoint.ready || service?.publishNotReadyAddresses === true
}
