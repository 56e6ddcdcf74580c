import { nearest } from '../../corefile/nearest.ts'
import type { InspectedObject } from '../../kube/inspect.ts'
import {
  type EndpointRecord,
  isPublished,
  type ServiceRecord,
  type SliceRecord,
} from '../../kube/store.ts'
import { type Problem, some } from '../why.ts'
import type { Explaining } from './explain.ts'
import { selectorText } from './looker.ts'

/** Why a Service has nothing that DNS may tell of, and what is answered then. */
export async function emptyBehind(
  explaining: Explaining,
  service: ServiceRecord,
  slices: readonly SliceRecord[],
): Promise<Problem> {
  const found = await causeOfEmpty(explaining, service, slices)
  if (service.headless) return found
  const answer = explaining.config.ignoreEmptyService
    ? 'With `ignore empty_service` the name does not exist while nothing is behind it.'
    : 'The answer is its cluster address, and nobody is behind that.'
  return { ...found, reason: `${found.reason} ${answer}` }
}

/** Why no endpoint of a Service is in DNS. */
export async function causeOfEmpty(
  explaining: Explaining,
  service: ServiceRecord,
  slices: readonly SliceRecord[],
): Promise<Problem> {
  if (slices.some(({ endpoints }) => endpoints.length > 0)) return notReady(service, slices)
  return service.selects ? selectsNothing(explaining, service) : withoutEndpoints(service)
}

function notReady(service: ServiceRecord, slices: readonly SliceRecord[]): Problem {
  const waiting = slices
    .flatMap((slice) => slice.endpoints)
    .filter((endpoint) => !isPublished(endpoint, service))
    .map(({ podName, address }) => (podName === '' ? address : podName))
  const one = new Set(waiting).size === 1
  return {
    code: 'not-ready',
    reason: `${idOf(service)} has endpoints and none is ready: ${some(waiting)}; and the Service does not set publishNotReadyAddresses.`,
    remedy: remedyOf(service, one ? 'it is' : 'they are', waiting[0] as string),
  }
}

/** The endpoint that was asked for; others may be ready. */
export function oneNotReady(service: ServiceRecord, { podName, address }: EndpointRecord): Problem {
  const who = podName === '' ? address : podName
  return {
    code: 'not-ready',
    reason: `${who} is behind ${idOf(service)} and not ready, and the Service does not set publishNotReadyAddresses.`,
    remedy: remedyOf(service, 'it is', who),
  }
}

function remedyOf({ namespace, name }: ServiceRecord, they: string, pod: string): string {
  return `Look why ${they} not ready: \`kubectl -n ${namespace} describe pod ${pod}\`. If clients must find ${they === 'it is' ? 'it' : 'them'} before, set \`publishNotReadyAddresses: true\` in Service ${name}.`
}

function withoutEndpoints(service: ServiceRecord): Problem {
  const { namespace, name } = service
  return {
    code: 'no-endpoints',
    reason: `${idOf(service)} has no selector, and no EndpointSlice has the label kubernetes.io/service-name=${name}.`,
    remedy: `Give it a selector, or make an EndpointSlice in Namespace ${namespace} with that label.`,
  }
}

/** No endpoint at all behind a selector: no Pod has these labels, or those that have it have no address yet. */
async function selectsNothing(explaining: Explaining, service: ServiceRecord): Promise<Problem> {
  const { looker } = explaining
  const { namespace, name } = service
  const [object] = (await looker.service(namespace, name)).objects
  const selector = object?.spec?.selector as Record<string, string> | undefined
  const seen = selector && (await looker.pods(namespace, selector))
  if (selector === undefined || seen === undefined || seen.failure !== undefined) {
    return {
      code: 'no-endpoints',
      reason: `${idOf(service)} has no endpoints (its Pods cannot be looked at: ${seen?.failure ?? 'the API is away'}).`,
      remedy: `Look at \`kubectl -n ${namespace} get service ${name} -o wide\` and the Pods that it selects.`,
    }
  }
  if (seen.objects.length > 0) return withoutAddress(service, seen.objects)
  const all = await looker.pods(namespace, undefined)
  const hint = nearLabels(selector, all.objects)
  return {
    code: 'selector-matches-no-pod',
    reason: `${idOf(service)} selects ${selectorText(selector)}, and no Pod in Namespace ${namespace} has these labels.${hint.text}`,
    remedy:
      hint.near === undefined
        ? `Start its Pods, or correct the selector: \`kubectl -n ${namespace} get pods --show-labels\`.`
        : `Correct the selector of Service ${name}, or the labels of the Pods: ${hint.near}.`,
  }
}

/** Pods that are selected and cannot be endpoints. */
export function withoutAddress(service: ServiceRecord, pods: readonly InspectedObject[]): Problem {
  const { namespace } = service
  const states = pods.map(
    ({ metadata, status }) => `${metadata?.name} (${status?.phase ?? 'unknown'})`,
  )
  return {
    code: 'pods-without-address',
    reason: `${idOf(service)} selects Pods that have no address, or will never serve again: ${some(states)}.`,
    remedy: `Look why they do not run: \`kubectl -n ${namespace} describe pod ${pods[0]?.metadata?.name}\`.`,
  }
}

/** Pods that nearly fit a selector. */
function nearLabels(
  selector: Readonly<Record<string, string>>,
  pods: readonly InspectedObject[],
): { text: string; near: string | undefined } {
  for (const [label, wanted] of Object.entries(selector)) {
    const values = pods.flatMap(({ metadata }) => metadata?.labels?.[label] ?? [])
    if (values.includes(wanted)) continue
    const [near] = nearest(wanted, new Set(values), 1)
    const text =
      values.length === 0
        ? ` None has the label ${label}.`
        : ` Pods there have ${label}: ${some(values)}.`
    return { text, near: near && `${label}=${near}` }
  }
  return { text: '', near: undefined }
}

/** `Headless Service shop/web`. */
export const idOf = ({ namespace, name, headless }: ServiceRecord) =>
  `${headless ? 'Headless Service' : 'Service'} ${namespace}/${name}`
