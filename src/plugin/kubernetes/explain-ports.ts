import { nearest } from '../../corefile/nearest.ts'
import {
  isPublished,
  type PortRecord,
  type ServiceRecord,
  type SliceRecord,
} from '../../kube/store.ts'
import { labelsOf, nameToText } from '../../wire/name.ts'
import { type Problem, some } from '../why.ts'
import type { Explaining } from './explain.ts'
import { idOf } from './explain-endpoints.ts'
import { endpointName } from './hits.ts'

/** What the API takes as a port's protocol. */
const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp'])

/** Why the two labels before a Service are no port of it. */
export async function portProblem(
  explaining: Explaining,
  service: ServiceRecord,
  slices: readonly SliceRecord[],
): Promise<Problem | undefined> {
  const { port, protocol } = explaining.asked.parts
  const fits = (known: Pick<PortRecord, 'name' | 'protocol'>) =>
    (port === '' || known.name.toLowerCase() === port) &&
    (protocol === '' || known.protocol.toLowerCase() === protocol)
  const ports = service.headless ? portsOf(service, slices) : service.ports
  if (ports.some(fits)) return undefined
  const deep = notPort(explaining, service, slices)
  if (deep !== undefined) return deep
  // Without endpoints a headless Service has no ports in DNS either: that is what is wrong.
  if (ports.length === 0) return undefined
  const declared = service.headless ? service.ports.find(fits) : undefined
  const target = declared && (await targetProblem(explaining, service, declared))
  if (target !== undefined) return target
  const names = some(ports.filter(({ number }) => number !== -1).map(portText)) || 'none'
  const said = declared === undefined ? '' : ' in its EndpointSlices'
  return {
    code: 'no-such-port',
    reason: `Service ${service.namespace}/${service.name} has no ${askedText(port, protocol)}${said}: it has ${names}.`,
    remedy: `Name the port in the Service, or ask for one that it has.`,
  }
}

/** Ports of the endpoints that are in DNS, or of all while none is. */
function portsOf(service: ServiceRecord, slices: readonly SliceRecord[]): readonly PortRecord[] {
  const published = slices.filter(({ endpoints }) =>
    endpoints.some((endpoint) => isPublished(endpoint, service)),
  )
  const told =
    published.length > 0 ? published : slices.filter(({ endpoints }) => endpoints.length > 0)
  return told.flatMap(({ ports }) => ports)
}

/** Two labels that were not meant for a port and its protocol: `a.web-0`. */
function notPort(
  { asked, config }: Explaining,
  service: ServiceRecord,
  slices: readonly SliceRecord[],
): Problem | undefined {
  const [left = '', right = ''] = labelsOf(asked.folded)
  if (left.startsWith('_') || right.startsWith('_') || PROTOCOLS.has(right)) return undefined
  const text = nameToText(asked.qname)
  const at = `${service.name}.${service.namespace}.svc.${nameToText(asked.zone.name)}`
  const endpoint = slices
    .flatMap(({ endpoints }) => endpoints)
    .find((known) => endpointName(known, config.endpointPodNames).toLowerCase() === right)
  if (endpoint !== undefined) {
    return {
      code: 'one-label-too-deep',
      reason: `${text} is one label too deep: ${right} is an endpoint of ${idOf(service)}, and nothing stands below it.`,
      remedy: `Ask for ${right}.${at}`,
    }
  }
  return {
    code: 'too-many-labels',
    reason: `${left}.${right} is neither an endpoint of ${idOf(service)}, which is one label, nor a port and its protocol.`,
    remedy: `Ask for ${at}`,
  }
}

/** A `targetPort` by a name that the Pods' containers do not have: their slices lack the port. */
async function targetProblem(
  { looker }: Explaining,
  { namespace, name }: ServiceRecord,
  port: PortRecord,
): Promise<Problem | undefined> {
  const [object] = (await looker.service(namespace, name)).objects
  const specs: readonly { name?: string; protocol?: string; targetPort?: string | number }[] =
    object?.spec?.ports ?? []
  const found = specs.find(
    (spec) => (spec.name ?? '') === port.name && (spec.protocol ?? 'TCP') === port.protocol,
  )
  const target = found?.targetPort
  if (typeof target !== 'string' || object?.spec?.selector === undefined) return undefined
  const { objects } = await looker.pods(namespace, object.spec.selector)
  const containers: { ports?: { name?: string; protocol?: string }[] }[] = objects.flatMap(
    ({ spec }) => [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])],
  )
  const names = containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ protocol = 'TCP' }) => protocol === port.protocol)
    .flatMap((declared) => declared.name ?? [])
  if (names.includes(target)) return undefined
  const [near] = nearest(target, new Set(names), 1)
  const which = port.name === '' ? 'The port' : `Port ${port.name}`
  const declare = names.length === 0 ? '' : ` They declare ${some(names)}.`
  return {
    code: 'target-port-not-declared',
    reason: `${which} of Service ${namespace}/${name} has targetPort ${target}, which no container of its Pods declares.${declare}`,
    remedy: `Give a container of the Pods a port with \`name: ${target}\` and protocol ${port.protocol}, or write ${near === undefined ? "the port's number" : `${near} or the port's number`} as targetPort.`,
  }
}

function portText({ name, protocol, number }: PortRecord): string {
  return name === '' ? `one without a name (${number})` : `_${name}._${protocol.toLowerCase()}`
}

function askedText(port: string, protocol: string): string {
  if (port === '') return `port with protocol ${protocol}`
  return protocol === '' ? `port ${port}` : `port ${port} with protocol ${protocol}`
}
