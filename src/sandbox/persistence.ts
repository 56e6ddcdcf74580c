import { accessSync, constants, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from './clock.ts'
import { RESOURCES, resourceOf } from './resources.ts'
import type { Storage } from './storage.ts'
import type { ApiObject } from './types.ts'

/** Changes are written together, this long after the first of them. */
export const WRITE_DELAY_MS = 200

/** The file of a cluster holds something else, or cannot be written. */
export class PersistenceError extends Error {
  override readonly name = 'PersistenceError'
}

/** Reads a cluster's objects back; does nothing where the file does not exist yet. Throws PersistenceError. */
export function loadCluster(storage: Storage, path: string): void {
  mustBeWritable(path)
  if (!existsSync(path)) return
  const { items, revision } = readFile(path)
  for (const object of items) {
    const resource = resourceOf(object.apiVersion, object.kind)
    if (resource !== undefined) storage.restore(resource, object, revision)
  }
}

/** Keeps the file in step with the storage; the result writes what is outstanding and ends it. */
export function keepCluster(
  storage: Storage,
  path: string,
  clock: Clock,
  onError: (error: unknown) => void,
): () => void {
  let cancel: (() => void) | undefined
  const write = () => {
    cancel = undefined
    try {
      // Renamed into place: a crash leaves the old file or the new one, never half of one.
      writeFileSync(`${path}.new`, textOf(storage), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    } catch (error) {
      onError(error)
    }
  }
  const unsubscribe = storage.subscribe(() => {
    cancel ??= clock.after(WRITE_DELAY_MS, write)
  })
  return () => {
    unsubscribe()
    cancel?.()
    write()
  }
}

/** It is replaced by a new file: what counts is its folder. */
function mustBeWritable(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK)
  } catch (error) {
    throw new PersistenceError(`${path}: its folder cannot be written: ${(error as Error).message}`)
  }
}

function textOf(storage: Storage): string {
  const items = RESOURCES.flatMap((resource) => [...storage.list(resource)])
  const metadata = { resourceVersion: String(storage.revision) }
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata, items })}\n`
}

function readFile(path: string): { items: ApiObject[]; revision: number } {
  try {
    const { items, metadata } = JSON.parse(readFileSync(path, 'utf8'))
    const revision = Number(metadata?.resourceVersion)
    if (Array.isArray(items) && Number.isInteger(revision)) return { items, revision }
  } catch (error) {
    throw new PersistenceError(`${path}: ${(error as Error).message}`)
  }
  throw new PersistenceError(
    `${path}: not the file of an embedded cluster (no items or no resourceVersion)`,
  )
}
