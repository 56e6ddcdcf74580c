import {
  CLUSTER_SERVICE_NAME_LABEL,
  type Metadata,
  portsOrSentinel,
  SERVICE_NAME_LABEL,
  SOURCE_CLUSTER_LABEL,
  TOO_LONG_FOR_A_LABEL,
  TRIGGER_TIME_ANNOTATION,
} from './decode.ts'
import { Endpoint, type Fact, Namespace, Pod, packConditions, Service, Slice } from './facts.ts'
import type { Interner } from './intern.ts'
import { ProtobufReader } from './protobuf.ts'
import { METADATA, readEntry, within } from './protobuf-metadata.ts'
import type { PortRecord } from './records.ts'
import type { Resource } from './resources.ts'

/**
 * Objects in protobuf, by the field numbers of k8s.io/api's generated.proto. ServiceImports are not here: what comes from
 * a CustomResourceDefinition is served as JSON only.
 */

type Decoder = (object: Buffer, metadata: Metadata, pool: Interner) => Fact | undefined

export const PROTOBUF_DECODERS: { readonly [R in Resource]?: Decoder } = {
  services: readService,
  endpointslices: readSlice,
  namespaces: (_object, { name, resourceVersion }) => new Namespace(name, resourceVersion),
  pods: readPod,
}

function readService(object: Buffer, metadata: Metadata, pool: Interner): Service {
  const spec = { clusterIP: '', clusterIPs: [] as string[], externalIPs: [] as string[] }
  const ports: PortRecord[] = []
  const ingress: string[] = []
  let type = ''
  let externalName = ''
  let publishNotReadyAddresses = false
  let selects = false
  const reader = new ProtobufReader(object)
  while (reader.field()) {
    if (reader.at() === 2) {
      const outer = reader.enter()
      while (reader.field()) {
        switch (reader.at()) {
          case 1:
            ports.push(readPort(reader, pool))
            break
          case 2:
            selects = true
            reader.skip()
            break
          case 3:
            spec.clusterIP = reader.text()
            break
          case 4:
            type = reader.knownText(pool.octets)
            break
          case 5:
            spec.externalIPs.push(reader.text())
            break
          case 10:
            externalName = reader.text()
            break
          case 13:
            publishNotReadyAddresses = reader.boolean()
            break
          case 18:
            spec.clusterIPs.push(reader.text())
            break
          default:
            reader.skip()
        }
      }
      reader.leave(outer)
    } else if (reader.at() === 3) readIngress(reader, ingress)
    else reader.skip()
  }
  const { name, namespace, resourceVersion } = metadata
  return new Service(name, pool.text(namespace), resourceVersion, {
    clusterIPs: spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP],
    type,
    externalName,
    ports: portsOrSentinel(ports, pool),
    externalIPs: ingress.length > 0 ? [...spec.externalIPs, ...ingress] : spec.externalIPs,
    publishNotReadyAddresses,
    selects,
  })
}

/** ServicePort and EndpointPort agree in the fields that matter. */
function readPort(reader: ProtobufReader, pool: Interner): PortRecord {
  let number = -1
  let name = ''
  let protocol = ''
  const outer = reader.enter()
  while (reader.field()) {
    if (reader.at() === 1) name = reader.knownText(pool.octets)
    else if (reader.at() === 2) protocol = reader.knownText(pool.octets)
    else if (reader.at() === 3) number = reader.varint()
    else reader.skip()
  }
  reader.leave(outer)
  return { number, name, protocol }
}

/** ServiceStatus.loadBalancer.ingress: ip, else hostname. */
function readIngress(reader: ProtobufReader, ingress: string[]): void {
  const readOne = (): void => {
    let ip = ''
    let hostname = ''
    const outer = reader.enter()
    while (reader.field()) {
      if (reader.at() === 1) ip = reader.text()
      else if (reader.at() === 2) hostname = reader.text()
      else reader.skip()
    }
    reader.leave(outer)
    ingress.push(ip || hostname)
  }
  within(reader, 1, () => within(reader, 1, readOne))
}

function readSlice(object: Buffer, metadata: Metadata, pool: Interner): Slice {
  let service = ''
  let clusterService: string | undefined
  let sourceCluster = ''
  let trigger = ''
  let addressType = ''
  const endpoints: Endpoint[] = []
  const ports: PortRecord[] = []
  const reader = new ProtobufReader(object)
  while (reader.field()) {
    if (reader.at() === METADATA) {
      const outer = reader.enter()
      while (reader.field()) {
        if (reader.at() === 11) {
          const { key, value } = readEntry(reader, pool, SLICE_LABELS)
          if (key === SERVICE_NAME_LABEL) service = value
          else if (key === CLUSTER_SERVICE_NAME_LABEL) clusterService = value
          else if (key === SOURCE_CLUSTER_LABEL) sourceCluster = pool.text(value)
        } else if (reader.at() === 12) {
          const { key, value } = readEntry(reader, pool, SLICE_ANNOTATIONS)
          if (key === TRIGGER_TIME_ANNOTATION) trigger = value
        } else reader.skip()
      }
      reader.leave(outer)
    } else if (reader.at() === 2) readEndpoint(reader, endpoints, pool)
    else if (reader.at() === 3) ports.push(readPort(reader, pool))
    else if (reader.at() === 4) addressType = reader.knownText(pool.octets)
    else reader.skip()
  }
  const { name, namespace, resourceVersion } = metadata
  return new Slice(name, pool.text(namespace), resourceVersion, {
    service,
    clusterService,
    sourceCluster,
    addressType,
    endpoints,
    ports: portsOrSentinel(ports, pool),
    lastChangeTrigger: Date.parse(trigger),
  })
}

const SLICE_LABELS = new Set([SERVICE_NAME_LABEL, CLUSTER_SERVICE_NAME_LABEL, SOURCE_CLUSTER_LABEL])
const SLICE_ANNOTATIONS = new Set([TRIGGER_TIME_ANNOTATION])

function readEndpoint(reader: ProtobufReader, endpoints: Endpoint[], pool: Interner): void {
  const addresses: string[] = []
  let conditions = 0
  let hostname = ''
  let podName = ''
  let nodeName = ''
  let zone = ''
  const outer = reader.enter()
  while (reader.field()) {
    switch (reader.at()) {
      case 1:
        addresses.push(reader.text())
        break
      case 2:
        conditions = readConditions(reader)
        break
      case 3:
        hostname = reader.text()
        break
      case 4:
        within(reader, 3, () => {
          podName = reader.text()
        })
        break
      case 6:
        nodeName = reader.knownText(pool.octets)
        break
      case 7:
        zone = reader.knownText(pool.octets)
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
  if (podName.length >= TOO_LONG_FOR_A_LABEL) podName = ''
  for (const address of addresses) {
    endpoints.push(new Endpoint(address, hostname, podName, nodeName, zone, conditions))
  }
}

function readConditions(reader: ProtobufReader): number {
  const known: (boolean | undefined)[] = []
  const outer = reader.enter()
  while (reader.field()) {
    const number = reader.at()
    if (number <= 3) known[number] = reader.boolean()
    else reader.skip()
  }
  reader.leave(outer)
  return packConditions(known[1], known[2], known[3])
}

/** undefined for a Pod that is being deleted. */
function readPod(object: Buffer, metadata: Metadata, pool: Interner): Pod | undefined {
  const labels: Record<string, string> = {}
  let podIP = ''
  let terminating = false
  const reader = new ProtobufReader(object)
  while (reader.field()) {
    if (reader.at() === METADATA) {
      const outer = reader.enter()
      while (reader.field()) {
        if (reader.at() === 11) {
          const { key, value } = readEntry(reader, pool)
          labels[pool.text(key)] = pool.text(value)
        } else {
          if (reader.at() === 9) terminating = true
          reader.skip()
        }
      }
      reader.leave(outer)
    } else if (reader.at() === 3) {
      within(reader, 6, () => {
        podIP = reader.text()
      })
    } else reader.skip()
  }
  if (terminating) return undefined
  const { name, namespace, resourceVersion } = metadata
  return new Pod(name, pool.text(namespace), resourceVersion, podIP, labels)
}
