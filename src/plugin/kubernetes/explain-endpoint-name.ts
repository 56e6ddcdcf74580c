import { nearest } from '../../corefile/nearest.ts'
import type { InspectedObject } from '../../kube/inspect.ts'
import {
  type EndpointRecord,
  isPublished,
  type ServiceRecord,
  type SliceRecord,
} from '../../kube/store.ts'
import { nameToText } from '../../wire/name.ts'
import { type Problem, some } from '../why.ts'
import { addressOctets } from './address.ts'
import type { Explaining } from './explain.ts'
import { causeOfEmpty, idOf, oneNotReady, withoutAddress } from './explain-endpoints.ts'
import { ordinalMissing } from './explain-ordinals.ts'
import { podAddress } from './finder.ts'
import { endpointName } from './hits.ts'
import { selectorText } from './looker.ts'

/** Why no endpoint of the Service that is in DNS has the name that was asked for. */
export async function endpointMissing(
  explaining: Explaining,
  service: ServiceRecord,
  slices: readonly SliceRecord[],
): Promise<Problem> {
  const { asked, config, looker } = explaining
  const { endpoint: label } = asked.parts
  const endpoints = slices.flatMap((slice) => slice.endpoints)
  const nameOf = (endpoint: EndpointRecord) => endpointName(endpoint, config.endpointPodNames)
  const known = endpoints.find((endpoint) => nameOf(endpoint).toLowerCase() === label)
  if (known !== undefined) return oneNotReady(service, known)
  const [pod] = (await looker.pod(service.namespace, label)).objects
  const governed = pod && otherServiceName(explaining, service, pod)
  if (governed !== undefined) return governed
  if (endpoints.length === 0) return causeOfEmpty(explaining, service, slices)
  const ofPod = endpoints.find(({ podName }) => podName === label)
  if (ofPod !== undefined) {
    return ofPod.hostname === ''
      ? noHostname(service, label)
      : otherHostname(explaining, service, ofPod, `of Pod ${label}`)
  }
  const names = endpoints.map(nameOf)
  return (
    (pod && (await podNotBehind(explaining, service, pod))) ??
    addressMissing(explaining, service, endpoints) ??
    (await ordinalMissing(explaining, service, names)) ??
    (await hostnameAlone(explaining, service)) ??
    mistyped(explaining, service, names) ??
    tooDeep(explaining, service, endpoints)
  )
}

/** The Pod's names stand below another Service. */
function otherServiceName(
  { asked }: Explaining,
  { name, namespace }: ServiceRecord,
  { metadata, spec }: InspectedObject,
): Problem | undefined {
  const subdomain = spec?.subdomain as string | undefined
  if (subdomain === undefined || subdomain === name) return undefined
  const label = asked.parts.endpoint
  const set = metadata?.ownerReferences?.find(({ kind }) => kind === 'StatefulSet')?.name
  const [governed, kind, member] =
    set === undefined
      ? [`Pod ${namespace}/${label} has subdomain ${subdomain}`, 'Pod', 'subdomain']
      : [
          `StatefulSet ${namespace}/${set}, whose Pod ${label} is, has serviceName ${subdomain}`,
          'StatefulSet',
          'serviceName',
        ]
  const zone = nameToText(asked.zone.name)
  return {
    code: 'other-service-name',
    reason: `${governed}, not ${name}: only Service ${subdomain} gives its Pods names.`,
    remedy: `Ask for ${label}.${subdomain}.${namespace}.svc.${zone} or create the ${kind} anew with ${member}: ${name}.`,
  }
}

function noHostname(service: ServiceRecord, label: string): Problem {
  const { name, namespace } = service
  return {
    code: 'no-hostname',
    reason: `Pod ${namespace}/${label} is behind ${idOf(service)} and has no hostname there: its spec has no \`hostname\` with \`subdomain: ${name}\`.`,
    remedy: `Set both in the Pod's template (a StatefulSet with \`serviceName: ${name}\` does it), or write \`endpoint_pod_names\` into plugin kubernetes.`,
  }
}

/** A Pod has the hostname that was asked for, and no subdomain, or another Service's. */
async function hostnameAlone(
  { asked, looker }: Explaining,
  { name, namespace }: ServiceRecord,
): Promise<Problem | undefined> {
  const label = asked.parts.endpoint
  const { objects } = await looker.pods(namespace, undefined)
  const pod = objects.find(({ spec }) => spec?.hostname === label && spec.subdomain !== name)
  if (pod === undefined) return undefined
  const subdomain = pod.spec.subdomain as string | undefined
  return {
    code: 'no-hostname',
    reason: `Pod ${namespace}/${pod.metadata?.name} has hostname ${label} and ${subdomain === undefined ? 'no subdomain' : `subdomain ${subdomain}, not ${name}`}: a Pod's name stands below the Service that its subdomain names.`,
    remedy: `Create the Pod anew with \`subdomain: ${name}\`${subdomain === undefined ? '' : `, or ask for ${label}.${subdomain}.${namespace}.svc.${nameToText(asked.zone.name)}`}.`,
  }
}

/** The endpoint is known under its hostname alone. */
function otherHostname(
  explaining: Explaining,
  service: ServiceRecord,
  { hostname }: EndpointRecord,
  whose: string,
): Problem {
  return {
    code: 'no-such-endpoint',
    reason: `The endpoint ${whose} has a hostname: it is ${hostname} behind ${idOf(service)}.`,
    remedy: `Ask for ${below(explaining, service, hostname)}`,
  }
}

/** A Pod of this name that is not behind the Service, while others are. */
async function podNotBehind(
  { looker }: Explaining,
  service: ServiceRecord,
  pod: InspectedObject,
): Promise<Problem | undefined> {
  const { name, namespace } = service
  const [object] = (await looker.service(namespace, name)).objects
  const selector = object?.spec?.selector as Readonly<Record<string, string>> | undefined
  if (selector === undefined) return undefined
  const { labels, name: podName } = pod.metadata ?? {}
  if (Object.entries(selector).some(([label, value]) => labels?.[label] !== value)) {
    return {
      code: 'pod-not-selected',
      reason: `Pod ${namespace}/${podName} is not behind ${idOf(service)}, which selects ${selectorText(selector)}: the Pod does not have these labels.`,
      remedy: `Look at \`kubectl -n ${namespace} get pod ${podName} --show-labels\`, and correct its labels or the selector.`,
    }
  }
  const { podIP, phase } = pod.status ?? {}
  const serves = podIP && phase !== 'Succeeded' && phase !== 'Failed'
  return serves ? undefined : withoutAddress(service, [pod])
}

/** An address with dashes: its endpoint has a hostname, or there is none. */
function addressMissing(
  explaining: Explaining,
  service: ServiceRecord,
  endpoints: readonly EndpointRecord[],
): Problem | undefined {
  const address = podAddress(explaining.asked.parts.endpoint)
  const octets = addressOctets(address)
  if (octets === undefined) return undefined
  const there = endpoints.find((endpoint) => addressOctets(endpoint.address) === octets)
  if (there !== undefined && there.hostname !== '') {
    return otherHostname(explaining, service, there, `with the address ${address}`)
  }
  if (there !== undefined) return undefined
  return {
    code: 'no-such-endpoint',
    reason: `No endpoint of ${idOf(service)} has the address ${address}.`,
    remedy: `Ask for ${below(explaining, service)} Addresses of Pods change with every new Pod.`,
  }
}

function mistyped(
  explaining: Explaining,
  service: ServiceRecord,
  names: readonly string[],
): Problem | undefined {
  const { endpoint: label } = explaining.asked.parts
  const hostnames = names.filter((name) => addressOctets(podAddress(name)) === undefined)
  const near = nearest(label, new Set(hostnames))
  if (near[0] === undefined) return undefined
  return {
    code: 'no-such-endpoint',
    reason: `${idOf(service)} has no endpoint named ${label}. There is ${near.join(', ')}.`,
    remedy: `Ask for ${below(explaining, service, near[0])}`,
  }
}

function tooDeep(
  explaining: Explaining,
  service: ServiceRecord,
  endpoints: readonly EndpointRecord[],
): Problem {
  const { asked, config } = explaining
  const ready = endpoints.filter((endpoint) => isPublished(endpoint, service))
  const told = ready.length > 0 ? ready : endpoints
  const names = some(told.map((endpoint) => endpointName(endpoint, config.endpointPodNames)))
  const have = ready.length > 0 ? `It has ${names}.` : `It has ${names}, and none is ready.`
  return {
    code: 'one-label-too-deep',
    reason: `${nameToText(asked.qname)} is one label too deep: ${idOf(service)} exists, and has no endpoint named ${asked.parts.endpoint}. ${have}`,
    remedy: `Ask for ${below(explaining, service)}`,
  }
}

/** The name of a Service, or of an endpoint of it. */
function below({ asked }: Explaining, { name, namespace }: ServiceRecord, label?: string): string {
  const front = label === undefined ? '' : `${label}.`
  return `${front}${name}.${namespace}.svc.${nameToText(asked.zone.name)}`
}
