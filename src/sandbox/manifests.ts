import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { isObject } from './schema.ts'
import type { Json, ObjectInput } from './types.ts'

/** A manifest that cannot be read; the message names file, line and reason. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
}

const EXTENSIONS = ['.yaml', '.yml', '.json']

/**
 * The objects of manifest files, in the order they are written. A folder stands for its `.yaml`, `.yml` and `.json` files in
 * the order of their names, not for folders in it. Lists (`kind: List`, `ServiceList`, a bare JSON array) are opened.
 *
 * @throws ManifestError
 */
export function readManifests(...paths: string[]): ObjectInput[] {
  return paths
    .flatMap((path) => filesOf(path))
    .flatMap((file) => parseManifest(contents(file), file))
}

/** The objects of one YAML (any number of documents) or JSON text. */
export function parseManifest(text: string, file = 'manifest'): ObjectInput[] {
  const objects: ObjectInput[] = []
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1
      throw new ManifestError(`${file}:${line}: ${error.message.split('\n')[0]}`)
    }
    objects.push(...open(document.toJS(), file))
  }
  return objects
}

function open(value: Json, file: string): ObjectInput[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((item) => open(item, file))
  if (!isObject(value)) {
    throw new ManifestError(`${file}: not a Kubernetes object: ${JSON.stringify(value)}`)
  }
  const { apiVersion, kind } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    throw new ManifestError(`${file}: an object without apiVersion or kind`)
  }
  if (kind.endsWith('List') && Array.isArray(value.items)) {
    const own = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) }
    return value.items.flatMap((item: Json) => open({ ...own, ...item }, file))
  }
  return [{ ...value, apiVersion, kind, metadata: value.metadata ?? {} }]
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path)
      .filter((name) => EXTENSIONS.includes(extname(name)))
      .sort()
      .map((name) => join(path, name))
  } catch (error) {
    throw new ManifestError(`${path}: ${(error as Error).message}`)
  }
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ManifestError(`${file}: ${(error as Error).message}`)
  }
}
