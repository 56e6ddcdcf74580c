import { equal } from '../patch.ts'
import type { ApiObject, Json } from '../types.ts'

export const HASH = 'pod-template-hash'
export const REVISION = 'deployment.kubernetes.io/revision'

/** status of a Deployment (apps/v1 DeploymentStatus) over its ReplicaSets. */
export function statusOf(deployment: ApiObject, sets: ApiObject[], now: string): Json {
  const current = sets.find((set) => sameTemplate(set, deployment))
  const { replicas } = deployment.spec
  const total = sum(sets, (set) => set.status?.replicas ?? 0)
  const ready = sum(sets, available)
  const updated = current?.status?.replicas ?? 0
  const minimum =
    replicas - share(deployment.spec.strategy.rollingUpdate?.maxUnavailable ?? 0, replicas, false)
  const complete = updated === replicas && total === replicas && ready >= replicas
  const old = deployment.status?.conditions ?? []
  const status: Json = {
    observedGeneration: deployment.metadata.generation,
    replicas: total,
    updatedReplicas: updated,
    readyReplicas: sum(sets, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, Math.max(total, replicas) - ready),
    conditions: [
      condition(old, now, 'Available', ready >= minimum, ...availability(ready >= minimum)),
      condition(old, now, 'Progressing', true, ...progress(complete, current)),
    ],
  }
  for (const [key, value] of Object.entries(status)) if (value === 0) delete status[key]
  return status
}

/** Reason and message. */
function availability(holds: boolean): [string, string] {
  return holds
    ? ['MinimumReplicasAvailable', 'Deployment has minimum availability.']
    : ['MinimumReplicasUnavailable', 'Deployment does not have minimum availability.']
}

function progress(complete: boolean, set: ApiObject | undefined): [string, string] {
  const name = `ReplicaSet "${set?.metadata.name ?? ''}"`
  return complete
    ? ['NewReplicaSetAvailable', `${name} has successfully progressed.`]
    : ['ReplicaSetUpdated', `${name} is progressing.`]
}

function condition(
  old: Json[],
  now: string,
  type: string,
  holds: boolean,
  reason: string,
  message: string,
): Json {
  const status = holds ? 'True' : 'False'
  const before = old.find((one) => one.type === type)
  if (before?.status === status && before.reason === reason && before.message === message) {
    return before
  }
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime }
}

/** Whether a ReplicaSet is of the present template: the same but for the hash label. */
export function sameTemplate(set: ApiObject, deployment: ApiObject): boolean {
  const { labels = {}, ...metadata } = set.spec.template.metadata ?? {}
  const { [HASH]: _hash, ...own } = labels
  const plain = { ...set.spec.template, metadata: { ...metadata, labels: own } }
  const template = deployment.spec.template
  return equal(plain, {
    ...template,
    metadata: { ...template.metadata, labels: template.metadata?.labels ?? {} },
  })
}

/** The revision that `kubectl rollout history` lists. */
export function revisionOf(object: ApiObject): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0)
}

export function available(set: ApiObject): number {
  return set.status?.availableReplicas ?? 0
}

/** A count or a percentage of the replicas; surge is rounded up, unavailability down. */
export function share(value: Json, replicas: number, up: boolean): number {
  if (typeof value !== 'string') return value ?? 0
  const part = (Number.parseFloat(value) / 100) * replicas
  return up ? Math.ceil(part) : Math.floor(part)
}

export function sum(sets: ApiObject[], count: (set: ApiObject) => number): number {
  return sets.reduce((total, set) => total + count(set), 0)
}
