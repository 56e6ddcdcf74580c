import { Endpoint, Namespace, Pod, packConditions, Service, ServiceImport, Slice } from './facts.ts'
import type { Interner } from './intern.ts'
import type { PortRecord } from './records.ts'

/** `metadata` of any object, as far as the reflector and the store ask. */
export interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly resourceVersion: string
}

/** JSON of unknown shape: what is missing or of another type counts as absent. */
type Json = { readonly [key: string]: unknown }

const NOTHING: Json = {}

/** The labels that tie a slice to its Service (discovery/v1 `LabelServiceName`; KEP-1645). */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
export const CLUSTER_SERVICE_NAME_LABEL = 'multicluster.kubernetes.io/service-name'
export const SOURCE_CLUSTER_LABEL = 'multicluster.kubernetes.io/source-cluster'
export const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time'

export const INITIAL_EVENTS_END_ANNOTATION = 'k8s.io/initial-events-end'

/** A name this long cannot be a DNS label (RFC 1035 §2.3.4: 63 octets). */
export const TOO_LONG_FOR_A_LABEL = 64

/** For an object without ports, so that it still has something to answer with. */
const NO_PORTS: readonly PortRecord[] = [{ number: -1, name: '', protocol: '' }]

/** @returns undefined for what is no object of Kubernetes: no metadata or no name */
export function decodeMetadata(object: unknown): Metadata | undefined {
  const metadata = part(part(object).metadata)
  const name = text(metadata.name)
  if (name === '') return undefined
  return {
    name,
    namespace: text(metadata.namespace),
    resourceVersion: text(metadata.resourceVersion),
  }
}

/** `metadata.resourceVersion` alone: a bookmark has no name. */
export function decodeVersion(object: unknown): string {
  return text(part(part(object).metadata).resourceVersion)
}

/** What an ERROR event or a failed request says (meta/v1 Status). */
export interface Status {
  readonly code: number
  readonly reason: string
  readonly message: string
}

export function decodeStatus(object: unknown): Status {
  const { code, reason, message } = part(object)
  return {
    code: typeof code === 'number' ? code : 0,
    reason: text(reason),
    message: text(message),
  }
}

/** Whether a bookmark ends the initial events of a streamed list (KEP-3157). */
export function decodeListEnd(object: unknown): boolean {
  const annotations = part(part(part(object).metadata).annotations)
  return annotations[INITIAL_EVENTS_END_ANNOTATION] === 'true'
}

/** v1 Service. */
export function decodeService(object: unknown, metadata: Metadata, pool: Interner): Service {
  const spec = part(part(object).spec)
  const balancer = part(part(part(object).status).loadBalancer)
  const clusterIPs = texts(spec.clusterIPs)
  const ingress = list(balancer.ingress).map((at) => text(part(at).ip) || text(part(at).hostname))
  return new Service(metadata.name, pool.text(metadata.namespace), metadata.resourceVersion, {
    clusterIPs: clusterIPs.length > 0 ? clusterIPs : [text(spec.clusterIP)],
    type: pool.text(text(spec.type)),
    externalName: text(spec.externalName),
    ports: portsOrSentinel(ports(spec.ports), pool),
    externalIPs: [...texts(spec.externalIPs), ...ingress],
    publishNotReadyAddresses: spec.publishNotReadyAddresses === true,
    selects: Object.keys(part(spec.selector)).length > 0,
  })
}

/** discovery.k8s.io/v1 EndpointSlice. */
export function decodeSlice(object: unknown, metadata: Metadata, pool: Interner): Slice {
  const slice = part(object)
  const labels = part(part(slice.metadata).labels)
  const annotations = part(part(slice.metadata).annotations)
  const clusterService = labels[CLUSTER_SERVICE_NAME_LABEL]
  const endpoints: Endpoint[] = []
  for (const endpoint of list(slice.endpoints)) addEndpoints(endpoints, part(endpoint), pool)
  return new Slice(metadata.name, pool.text(metadata.namespace), metadata.resourceVersion, {
    service: text(labels[SERVICE_NAME_LABEL]),
    clusterService: typeof clusterService === 'string' ? clusterService : undefined,
    sourceCluster: pool.text(text(labels[SOURCE_CLUSTER_LABEL])),
    addressType: pool.text(text(slice.addressType)),
    endpoints,
    ports: portsOrSentinel(ports(slice.ports), pool),
    lastChangeTrigger: Date.parse(text(annotations[TRIGGER_TIME_ANNOTATION])),
  })
}

/** v1 Namespace. */
export function decodeNamespace(_object: unknown, metadata: Metadata): Namespace {
  return new Namespace(metadata.name, metadata.resourceVersion)
}

/**
 * v1 Pod.
 *
 * @returns undefined for a Pod that is being deleted: what is known of it stays until it is gone
 */
export function decodePod(object: unknown, metadata: Metadata, pool: Interner): Pod | undefined {
  const pod = part(object)
  if (typeof part(pod.metadata).deletionTimestamp === 'string') return undefined
  const labels: Record<string, string> = {}
  for (const [key, value] of Object.entries(part(part(pod.metadata).labels))) {
    labels[pool.text(key)] = pool.text(text(value))
  }
  const podIP = text(part(pod.status).podIP)
  const { name, namespace, resourceVersion } = metadata
  return new Pod(name, pool.text(namespace), resourceVersion, podIP, labels)
}

/** multicluster.x-k8s.io/v1alpha1 ServiceImport. */
export function decodeServiceImport(
  object: unknown,
  metadata: Metadata,
  pool: Interner,
): ServiceImport {
  const spec = part(part(object).spec)
  return new ServiceImport(metadata.name, pool.text(metadata.namespace), metadata.resourceVersion, {
    ips: texts(spec.ips),
    type: pool.text(text(spec.type)),
    ports: pool.ports(ports(spec.ports)),
  })
}

/** The sentinel for an empty list, else the shared copy of an equal one. */
export function portsOrSentinel(
  list: readonly PortRecord[],
  pool: Interner,
): readonly PortRecord[] {
  return list.length === 0 ? NO_PORTS : pool.ports(list)
}

function addEndpoints(endpoints: Endpoint[], endpoint: Json, pool: Interner): void {
  const { ready, serving, terminating } = part(endpoint.conditions)
  const conditions = packConditions(flag(ready), flag(serving), flag(terminating))
  const hostname = text(endpoint.hostname)
  const target = text(part(endpoint.targetRef).name)
  const podName = target.length < TOO_LONG_FOR_A_LABEL ? target : ''
  const nodeName = pool.text(text(endpoint.nodeName))
  const zone = pool.text(text(endpoint.zone))
  for (const address of texts(endpoint.addresses)) {
    endpoints.push(new Endpoint(address, hostname, podName, nodeName, zone, conditions))
  }
}

function ports(value: unknown): PortRecord[] {
  return list(value).map((item) => {
    const { port, name, protocol } = part(item)
    return {
      number: typeof port === 'number' ? port : -1,
      name: text(name),
      protocol: text(protocol),
    }
  })
}

function part(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : NOTHING
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function texts(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string')
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}
