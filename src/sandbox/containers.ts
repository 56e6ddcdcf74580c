import { PODS } from './controllers/context.ts'
import type { Registry } from './registry.ts'
import { ApiError } from './status.ts'

/** What kubectl asks a container for: `logs`, `exec`, `attach`, `port-forward`, `cp`, `debug`. */
const PATH =
  /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(?:log|exec|attach|portforward|proxy|ephemeralcontainers)(?:\/.*)?$/

/**
 * Refuses what only a running container could answer.
 *
 * @throws ApiError 404 where the Pod is not there, 501 where it is
 */
export function refuseContainers(registry: Registry, path: string): void {
  const [, namespace = '', name = ''] = PATH.exec(path) ?? []
  if (name === '') return
  registry.get(PODS, namespace, name)
  const text = `the embedded cluster runs no containers: Pod "${name}" has no logs and nothing to connect to`
  throw new ApiError(501, 'NotImplemented', text, {})
}
