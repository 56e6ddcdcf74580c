import { RESOURCES, type Resource } from './resources.ts'
import type { Json } from './types.ts'

/** The Kubernetes release whose API this is. */
export const VERSION = {
  major: '1',
  minor: '35',
  gitVersion: 'v1.35.4+muster',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'linux/amd64',
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const SUBRESOURCE_VERBS = ['get', 'patch', 'update']

/** Every `group/version` served, the core group as `v1`. */
export function groupVersions(): string[] {
  return [...new Set(RESOURCES.map((one) => one.apiVersion))]
}

/** GET /api */
export function apiVersions(address: string): Json {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  }
}

/** GET /apis */
export function apiGroupList(): Json {
  const groups = [...new Set(RESOURCES.map((one) => one.group))].filter((group) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) }
}

/** GET /apis/GROUP */
export function apiGroup(group: string): Json | undefined {
  if (!RESOURCES.some((one) => one.group === group)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) }
}

/** GET /api/v1 and /apis/GROUP/VERSION */
export function apiResourceList(apiVersion: string): Json | undefined {
  const served = RESOURCES.filter((one) => one.apiVersion === apiVersion)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion,
    resources: served.flatMap(resourceEntries),
  }
}

/** GET /api or /apis with `as=APIGroupDiscoveryList`. */
export function aggregated(core: boolean): Json {
  const groups = [...new Set(RESOURCES.map((one) => one.group))]
  const items = groups.filter((group) => (group === '') === core).map(discoveryItem)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items,
  }
}

function groupEntry(group: string): Json {
  const versions = [
    ...new Set(RESOURCES.filter((one) => one.group === group).map((one) => one.version)),
  ]
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

function resourceEntries(one: Resource): Json[] {
  const entry: Json = {
    name: one.plural,
    singularName: one.singular,
    namespaced: one.namespaced,
    kind: one.kind,
    verbs: VERBS,
  }
  if (one.shortNames.length > 0) entry.shortNames = one.shortNames
  if (one.categories.length > 0) entry.categories = one.categories
  const others = one.subresources.map((name) => subresourceEntry(one, name))
  return [entry, ...others]
}

function subresourceEntry(one: Resource, name: string): Json {
  const base = { name: `${one.plural}/${name}`, singularName: '', namespaced: one.namespaced }
  if (name === 'scale') {
    return { ...base, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS }
  }
  return { ...base, kind: one.kind, verbs: name === 'finalize' ? ['update'] : SUBRESOURCE_VERBS }
}

function discoveryItem(group: string): Json {
  const served = RESOURCES.filter((one) => one.group === group)
  const versions = [...new Set(served.map((one) => one.version))]
  return {
    metadata: { name: group, creationTimestamp: null },
    versions: versions.map((version) => ({
      version,
      resources: served.filter((one) => one.version === version).map(discoveryResource),
      freshness: 'Current',
    })),
  }
}

function discoveryResource(one: Resource): Json {
  const { group, version, kind } = one
  return {
    resource: one.plural,
    responseKind: { group, version, kind },
    scope: one.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singular,
    verbs: VERBS,
    shortNames: one.shortNames,
    categories: one.categories,
    subresources: one.subresources.map((name) => ({
      subresource: name,
      responseKind:
        name === 'scale'
          ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
          : { group, version, kind },
      verbs: name === 'finalize' ? ['update'] : SUBRESOURCE_VERBS,
    })),
  }
}
