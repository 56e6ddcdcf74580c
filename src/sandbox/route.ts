import { type Resource, resourceAt } from './resources.ts'

/** Where a path under /api or /apis leads. */
export interface Route {
  resource: Resource
  /** '' for cluster-scoped objects and for all namespaces. */
  namespace: string
  /** '' for the collection. */
  name: string
  subresource: '' | 'status' | 'scale' | 'finalize'
}

/** The route of a path, or undefined where the API has none. */
export function routeOf(path: string): Route | undefined {
  const steps = path
    .split('/')
    .filter((step) => step !== '')
    .map(decode)
  if (steps.includes(undefined)) return undefined
  const [root, ...rest] = steps as string[]
  if (root === 'api') return routeIn(rest.slice(0, 1).join('/'), rest.slice(1))
  if (root === 'apis') return routeIn(rest.slice(0, 2).join('/'), rest.slice(2))
  return undefined
}

function routeIn(apiVersion: string, steps: string[]): Route | undefined {
  const scoped = steps[0] === 'namespaces' && steps.length > 2
  const inNamespace = scoped ? resourceAt(apiVersion, steps[2] ?? '') : undefined
  if (inNamespace?.namespaced) {
    return finish(inNamespace, steps[1] ?? '', steps.slice(3))
  }
  const resource = resourceAt(apiVersion, steps[0] ?? '')
  if (resource === undefined) return undefined
  // Objects of a namespaced kind have a namespace in their path; only the collection has a path without one.
  if (resource.namespaced && steps.length > 1) return undefined
  return finish(resource, '', steps.slice(1))
}

function finish(resource: Resource, namespace: string, steps: string[]): Route | undefined {
  const [name = '', subresource = '', ...more] = steps
  if (more.length > 0) return undefined
  const known = subresource === '' || resource.subresources.some((one) => one === subresource)
  if (!known) return undefined
  return { resource, namespace, name, subresource: subresource as Route['subresource'] }
}

function decode(step: string): string | undefined {
  try {
    return decodeURIComponent(step)
  } catch {
    return undefined
  }
}
