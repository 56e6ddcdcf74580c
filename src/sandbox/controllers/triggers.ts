import type { ApiObject, Json } from '../types.ts'

/**
 * When what an EndpointSlice is written for did change: the annotation `endpoints.kubernetes.io/last-change-trigger-time`,
 * from which readers work out how far behind they are.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, { service: string; pods: Map<string, string> }>()

  /**
   * The earliest time of what changed since this Service was looked at last: its Pods' changes of readiness, or its own
   * creation. Undefined where neither changed (a Pod that went, a new label).
   */
  next(key: string, service: ApiObject, pods: ApiObject[]): string | undefined {
    const before = this.#seen.get(key)
    const created = service.metadata.creationTimestamp ?? ''
    const times = new Map(pods.map((pod) => [pod.metadata.name, readinessTime(pod)]))
    this.#seen.set(key, { service: created, pods: times })
    if (before === undefined) return created
    const changed = [...times]
      .filter(([name, time]) => time > (before.pods.get(name) ?? ''))
      .map(([, time]) => time)
    if (created > before.service) changed.push(created)
    return changed.sort()[0]
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}

/** RFC 3339 in UTC and whole seconds, so texts sort as times do; empty where the Pod has no such condition. */
function readinessTime(pod: ApiObject): string {
  const ready = pod.status?.conditions?.find((one: Json) => one.type === 'Ready')
  return ready?.lastTransitionTime ?? ''
}
