import type { FieldError } from '../status.ts'
import type { Storage } from '../storage.ts'
import type { ApiObject } from '../types.ts'

/** What the API server does to objects of one kind beside keeping them. */
export interface Rules {
  /** Fills in what the API fills in. The object is the server's own copy: it is changed in place. */
  defaults?(object: ApiObject): void
  /** Brings an object into the form that is validated: fields in step with each other, and with what was stored before. */
  prepare?(object: ApiObject, old?: ApiObject): void
  /** What is wrong with an object to be stored; `old` is there on an update. */
  validate?(object: ApiObject, old?: ApiObject): FieldError[]
  /** Which texts are wrong with a name of this kind; subdomains by default. */
  validateName?(name: string): string[]
  /** Warnings for a valid object that will probably not do what its author wants. */
  warnings?(object: ApiObject, storage: Storage): string[]
}
