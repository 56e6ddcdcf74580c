import type { Subject } from './status.ts'

/** One kind of object that the server keeps. */
export interface Resource extends Subject {
  /** '' is the core group. */
  group: string
  version: string
  /** `v1` or `apps/v1`. */
  apiVersion: string
  kind: string
  plural: string
  singular: string
  shortNames: string[]
  categories: string[]
  namespaced: boolean
  subresources: ('status' | 'scale' | 'finalize')[]
  /** metadata.generation counts the changes of these fields (`*`: of everything but metadata and status). */
  generation: boolean
  /** A PUT to a name that is not there creates it. */
  createOnUpdate: boolean
}

type Extra = Partial<
  Pick<
    Resource,
    | 'shortNames'
    | 'categories'
    | 'namespaced'
    | 'subresources'
    | 'generation'
    | 'createOnUpdate'
    | 'singular'
  >
>

function define(apiVersion: string, kind: string, plural: string, extra: Extra): Resource {
  const slash = apiVersion.indexOf('/')
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    apiVersion,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    subresources: [],
    generation: false,
    createOnUpdate: false,
    ...extra,
  }
}

const WORKLOAD: Extra = {
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: true,
}

/** Everything served, in the order of discovery. */
export const RESOURCES: readonly Resource[] = [
  define('v1', 'Namespace', 'namespaces', {
    shortNames: ['ns'],
    namespaced: false,
    subresources: ['status', 'finalize'],
  }),
  define('v1', 'Service', 'services', {
    shortNames: ['svc'],
    categories: ['all'],
    subresources: ['status'],
    createOnUpdate: true,
  }),
  define('v1', 'Endpoints', 'endpoints', { shortNames: ['ep'], createOnUpdate: true }),
  define('v1', 'Pod', 'pods', {
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status'],
    generation: true,
  }),
  define('v1', 'Node', 'nodes', {
    shortNames: ['no'],
    namespaced: false,
    subresources: ['status'],
  }),
  define('v1', 'ConfigMap', 'configmaps', { shortNames: ['cm'] }),
  define('v1', 'ServiceAccount', 'serviceaccounts', { shortNames: ['sa'] }),
  define('v1', 'Event', 'events', { shortNames: ['ev'], createOnUpdate: true }),
  define('apps/v1', 'Deployment', 'deployments', { ...WORKLOAD, shortNames: ['deploy'] }),
  define('apps/v1', 'ReplicaSet', 'replicasets', { ...WORKLOAD, shortNames: ['rs'] }),
  define('apps/v1', 'StatefulSet', 'statefulsets', { ...WORKLOAD, shortNames: ['sts'] }),
  define('apps/v1', 'ControllerRevision', 'controllerrevisions', {}),
  define('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', { generation: true }),
  define('multicluster.x-k8s.io/v1alpha1', 'ServiceImport', 'serviceimports', {
    shortNames: ['svcim'],
    subresources: ['status'],
    generation: true,
  }),
]

const byPath = new Map(RESOURCES.map((one) => [`${one.apiVersion}/${one.plural}`, one]))
const byKind = new Map(RESOURCES.map((one) => [`${one.apiVersion}/${one.kind}`, one]))

/** The resource at `/apis/GROUP/VERSION/PLURAL`, by its apiVersion. */
export function resourceAt(apiVersion: string, plural: string): Resource | undefined {
  return byPath.get(`${apiVersion}/${plural}`)
}

/** The resource that keeps objects of this apiVersion and kind. */
export function resourceOf(apiVersion: string, kind: string): Resource | undefined {
  return byKind.get(`${apiVersion}/${kind}`)
}

/** A resource that is known to be served; a bug otherwise. */
export function resource(apiVersion: string, kind: string): Resource {
  const found = resourceOf(apiVersion, kind)
  if (found === undefined) throw new Error(`${apiVersion} ${kind} is not served`)
  return found
}
