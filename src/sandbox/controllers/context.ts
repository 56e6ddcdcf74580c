import type { Clock } from '../clock.ts'
import type { Registry } from '../registry.ts'
import { resource } from '../resources.ts'
import type { Change } from '../storage.ts'
import type { ApiObject, OwnerReference } from '../types.ts'
import type { EventRecorder } from './events.ts'

/** What every controller works with. */
export interface ControllerContext {
  registry: Registry
  clock: Clock
  random: () => number
  events: EventRecorder
  /** Told of errors that made a controller try again. */
  onError: (error: unknown) => void
}

/** A running controller: told of every change, in order. */
export interface Controller {
  changed(change: Change): void
  stop(): void
}

export const NAMESPACES = resource('v1', 'Namespace')
export const NODES = resource('v1', 'Node')
export const PODS = resource('v1', 'Pod')
export const SERVICES = resource('v1', 'Service')
export const SERVICE_ACCOUNTS = resource('v1', 'ServiceAccount')
export const ENDPOINTS = resource('v1', 'Endpoints')
export const ENDPOINT_SLICES = resource('discovery.k8s.io/v1', 'EndpointSlice')
export const DEPLOYMENTS = resource('apps/v1', 'Deployment')
export const REPLICA_SETS = resource('apps/v1', 'ReplicaSet')
export const STATEFUL_SETS = resource('apps/v1', 'StatefulSet')
export const CONTROLLER_REVISIONS = resource('apps/v1', 'ControllerRevision')

/** `namespace/name`. */
export function keyOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

export function controllerOf(object: ApiObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((one) => one.controller === true)
}

export function isControlledBy(object: ApiObject, owner: ApiObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

export function ownerReference(owner: ApiObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** 32 bits of FNV-1a over the JSON of a value, in the letters of generated names: what template hashes are made of. */
export function hashOf(value: unknown): string {
  let hash = 0x811c9dc5
  for (const char of JSON.stringify(value)) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  }
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  let text = ''
  for (let rest = hash, count = 0; count < 9 && rest > 0; count++) {
    text += letters[rest % letters.length]
    rest = Math.floor(rest / letters.length)
  }
  return text
}
