import { matchesLabels, requirementsOf } from '../selectors.ts'
import type { ApiObject, Json } from '../types.ts'
import {
  type ControllerContext,
  controllerOf,
  isControlledBy,
  ownerReference,
  PODS,
} from './context.ts'
import { isReady } from './podstatus.ts'

/** The Pods of a workload: those it controls, and orphans that match its selector, which it adopts. */
export function claimPods(context: ControllerContext, owner: ApiObject): ApiObject[] {
  const { registry } = context
  const { namespace } = owner.metadata
  const requirements = requirementsOf(owner.spec.selector)
  const claimed: ApiObject[] = []
  for (const pod of registry.storage.list(PODS)) {
    if (pod.metadata.namespace !== namespace) continue
    if (isControlledBy(pod, owner)) claimed.push(pod)
    else if (adoptable(pod, owner) && matchesLabels(requirements, pod.metadata.labels)) {
      const ownerReferences = [...(pod.metadata.ownerReferences ?? []), ownerReference(owner)]
      const metadata = { ...pod.metadata, ownerReferences }
      claimed.push(registry.update(PODS, namespace ?? '', pod.metadata.name, { ...pod, metadata }))
    }
  }
  return claimed
}

/** Creates a Pod from a template, controlled by its workload. */
export function createPod(
  context: ControllerContext,
  owner: ApiObject,
  component: string,
  template: Json,
  identity: Json,
): ApiObject {
  const { namespace = '' } = owner.metadata
  const pod = context.registry.create(PODS, namespace, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...identity,
      namespace,
      labels: { ...template.metadata?.labels, ...identity.labels },
      annotations: { ...template.metadata?.annotations },
      ownerReferences: [ownerReference(owner)],
    },
    spec: { ...template.spec, ...identity.spec },
  })
  const text = done('create', owner, pod.metadata.name) ?? `Created pod: ${pod.metadata.name}`
  context.events.normal(component, owner, 'SuccessfulCreate', text)
  return pod
}

export function deletePod(
  context: ControllerContext,
  owner: ApiObject,
  component: string,
  pod: ApiObject,
): void {
  const { namespace = '', name } = pod.metadata
  context.registry.remove(PODS, namespace, name)
  const text = done('delete', owner, name) ?? `Deleted pod: ${name}`
  context.events.normal(component, owner, 'SuccessfulDelete', text)
}

/** The StatefulSet controller's own way of saying so. */
function done(verb: string, owner: ApiObject, pod: string): string | undefined {
  if (owner.kind !== 'StatefulSet') return undefined
  return `${verb} Pod ${pod} in StatefulSet ${owner.metadata.name} successful`
}

/** Milliseconds until the Pod has been ready for minReadySeconds; 0 when it has, Infinity while it is not ready. */
export function untilAvailable(pod: ApiObject, minReadySeconds: number, now: number): number {
  if (!isReady(pod)) return Number.POSITIVE_INFINITY
  if (minReadySeconds <= 0) return 0
  const ready = pod.status.conditions.find((one: Json) => one.type === 'Ready')
  return Math.max(0, Date.parse(ready.lastTransitionTime) + minReadySeconds * 1_000 - now)
}

function adoptable(pod: ApiObject, owner: ApiObject): boolean {
  return (
    controllerOf(pod) === undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    owner.metadata.deletionTimestamp === undefined
  )
}
