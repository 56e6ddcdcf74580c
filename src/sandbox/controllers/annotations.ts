import type { ApiObject } from '../types.ts'

/**
 * What people steer Pods by. On a workload's template they hold for each of its Pods, on a Pod for that Pod.
 * Durations are whole or decimal numbers with `ms`, `s` or `m`.
 */
export const ANNOTATIONS = {
  /** How long a Pod is Pending (or restarting) before it runs. */
  startDelay: 'sandbox.muster/start-delay',
  /** How long a running Pod takes to become ready. */
  readyDelay: 'sandbox.muster/ready-delay',
  /** How long a deleted Pod goes on terminating (its grace period at most). */
  stopDelay: 'sandbox.muster/stop-delay',
  /** `"false"` makes a Pod unready for as long as it is there. */
  ready: 'sandbox.muster/ready',
  /** Each new value makes the Pod's containers crash and start again, once. */
  crash: 'sandbox.muster/crash',
  /** Any value makes the Pod fail for good: its controller replaces it. */
  fail: 'sandbox.muster/fail',
  /** Any value deletes the Pod, as `kubectl delete pod` does. */
  delete: 'sandbox.muster/delete',
  /**
   * Addresses for the Pods of a workload, separated by commas: a StatefulSet's Pod takes the one of its ordinal, others the
   * first that is free. Those of the other family follow after a semicolon.
   */
  addresses: 'sandbox.muster/addresses',
} as const

/** What the names of all of them begin with. */
export const ANNOTATION_PREFIX = 'sandbox.muster/'

export function annotation(object: Pick<ApiObject, 'metadata'>, name: string): string | undefined {
  return object.metadata.annotations?.[name]
}

/** Milliseconds, or undefined where the annotation is missing or no duration. */
export function durationOf(object: Pick<ApiObject, 'metadata'>, name: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(annotation(object, name) ?? '')
  if (parts === null) return undefined
  return Number(parts[1]) * (UNIT_MS[parts[2] ?? ''] ?? 1)
}

const DURATIONS: readonly string[] = [
  ANNOTATIONS.startDelay,
  ANNOTATIONS.readyDelay,
  ANNOTATIONS.stopDelay,
]
const KNOWN: readonly string[] = Object.values(ANNOTATIONS)

/**
 * What steers nothing among the annotations of an object: names that nobody knows, values that are none. One sentence each.
 *
 * @param path of the annotations, as errors of the API have it
 */
export function annotationProblems(object: Pick<ApiObject, 'metadata'>, path: string): string[] {
  const own = Object.keys(object.metadata?.annotations ?? {}).filter((name) =>
    name.startsWith(ANNOTATION_PREFIX),
  )
  return own.flatMap((name) => {
    const value = annotation(object, name) ?? ''
    const where = `${path}[${name}]`
    if (!KNOWN.includes(name)) return [`${where}: not known; there are ${KNOWN.join(', ')}`]
    if (DURATIONS.includes(name) && durationOf(object, name) === undefined) {
      return [`${where}: "${value}" is no duration such as 500ms, 2s or 1m, and counts for nothing`]
    }
    if (name === ANNOTATIONS.ready && !['true', 'false'].includes(value)) {
      return [`${where}: "${value}" counts for nothing; "false" makes the Pod unready`]
    }
    return []
  })
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 }
