import { type Clock, timestamp } from '../clock.ts'
import type { Registry } from '../registry.ts'
import { resource } from '../resources.ts'
import type { ApiObject } from '../types.ts'

/** So many Events are kept; the oldest go first. (A real cluster keeps them for an hour.) */
export const MAX_EVENTS = 1_000

const EVENTS = resource('v1', 'Event')

/** Writes the Events that `kubectl describe` and `kubectl get events` show. The same thing again counts up. */
export class EventRecorder {
  readonly #registry: Registry
  readonly #clock: Clock

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry
    this.#clock = clock
  }

  normal(component: string, about: ApiObject, reason: string, message: string): void {
    this.#record('Normal', component, about, reason, message)
  }

  warning(component: string, about: ApiObject, reason: string, message: string): void {
    this.#record('Warning', component, about, reason, message)
  }

  #record(type: string, component: string, about: ApiObject, reason: string, message: string) {
    const namespace = about.metadata.namespace ?? 'default'
    const all = this.#registry.storage.list(EVENTS)
    const now = timestamp(this.#clock)
    const same = all.find(
      (one) =>
        one.involvedObject?.uid === about.metadata.uid &&
        one.reason === reason &&
        one.message === message,
    )
    if (same !== undefined) {
      const next = { ...same, count: (same.count ?? 1) + 1, lastTimestamp: now }
      this.#registry.update(EVENTS, namespace, same.metadata.name, next)
      return
    }
    if (this.#leaving(namespace)) return
    this.#registry.create(EVENTS, namespace, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: `${about.metadata.name}.`, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        namespace,
        uid: about.metadata.uid,
        resourceVersion: about.metadata.resourceVersion,
      },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    })
    if (all.length >= MAX_EVENTS) this.#dropOldest(all)
  }

  #leaving(namespace: string): boolean {
    const found = this.#registry.storage.get(resource('v1', 'Namespace'), '', namespace)
    return found === undefined || found.metadata.deletionTimestamp !== undefined
  }

  #dropOldest(all: readonly ApiObject[]): void {
    const revision = (one: ApiObject) => Number(one.metadata.resourceVersion)
    const oldest = all.reduce((a, b) => (revision(a) <= revision(b) ? a : b))
    this.#registry.remove(EVENTS, oldest.metadata.namespace ?? '', oldest.metadata.name)
  }
}
