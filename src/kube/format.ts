import {
  decodeListEnd,
  decodeMetadata,
  decodeStatus,
  decodeVersion,
  type Metadata,
  type Status,
} from './decode.ts'
import type { Interner } from './intern.ts'
import { LineParser, type ListMetadata, ListParser, type Progress } from './json-stream.ts'
import type { MemoryStore } from './memory.ts'
import { applyObject, type ResourceKind } from './resources.ts'

/** How the API server writes its objects. An object is opaque to whoever only carries it from a parser to the store. */
export interface Format {
  /** How an answer's Content-Type begins. */
  readonly mediaType: string
  /** What to accept for a list, and for a watch. */
  readonly accept: string
  readonly stream: string
  metadata(object: unknown): Metadata | undefined
  version(object: unknown): string
  status(object: unknown): Status
  endsList(object: unknown): boolean
  /** @returns false for an object that cannot be read */
  apply(
    store: MemoryStore,
    kind: ResourceKind,
    object: unknown,
    metadata: Metadata,
    pool: Interner,
  ): boolean
  /** @param event false ends the parsing */
  watchParser(event: (type: string, object: unknown) => boolean): StreamParser
  listParser(
    item: (object: unknown) => boolean,
  ): StreamParser & { finish(): ListMetadata | undefined }
}

export interface StreamParser {
  push(chunk: Buffer): Progress
}

export const JSON_FORMAT: Format = {
  mediaType: 'application/json',
  accept: 'application/json',
  stream: 'application/json',
  metadata: decodeMetadata,
  version: decodeVersion,
  status: decodeStatus,
  endsList: decodeListEnd,
  apply: (store, kind, object, metadata, pool) => applyObject(store, kind, object, pool, metadata),
  watchParser: (event) =>
    new LineParser((line) => {
      const { type, object } = (line ?? {}) as { type?: unknown; object?: unknown }
      return event(typeof type === 'string' ? type : '', object)
    }),
  listParser: (item) => new ListParser(item),
}
