/**
 * The shapes of API objects, as far as this folder reads them. Objects are open JSON: what a server does not read it keeps.
 */

// biome-ignore lint/suspicious/noExplicitAny: API objects are open-ended JSON, typed where they are read
export type Json = any

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** metadata of every object (ObjectMeta, meta/v1). Once stored, uid and resourceVersion are always there. */
export interface ObjectMeta {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: Json[]
}

/** One API object. Stored objects are never changed in place: a change is a new object. */
export interface ApiObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: Json
}

/** What is handed in: only the kind and something to call it by are needed. */
export interface ObjectInput {
  apiVersion: string
  kind: string
  metadata: Partial<ObjectMeta>
  [field: string]: Json
}
