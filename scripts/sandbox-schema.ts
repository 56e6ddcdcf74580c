/**
 * Makes src/sandbox/schema.json: which fields the embedded API server's objects have, of which types, and which lists are
 * merged by which keys. The facts are Kubernetes's own, from the schema that client-go carries for server-side apply.
 *
 *     node scripts/sandbox-schema.ts CLIENT_GO/applyconfigurations/internal/internal.go
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'

const ROOTS: Record<string, string> = {
  'v1/Namespace': 'io.k8s.api.core.v1.Namespace',
  'v1/Service': 'io.k8s.api.core.v1.Service',
  'v1/Endpoints': 'io.k8s.api.core.v1.Endpoints',
  'v1/Pod': 'io.k8s.api.core.v1.Pod',
  'v1/Node': 'io.k8s.api.core.v1.Node',
  'v1/ConfigMap': 'io.k8s.api.core.v1.ConfigMap',
  'v1/ServiceAccount': 'io.k8s.api.core.v1.ServiceAccount',
  'v1/Event': 'io.k8s.api.core.v1.Event',
  'apps/v1/Deployment': 'io.k8s.api.apps.v1.Deployment',
  'apps/v1/ReplicaSet': 'io.k8s.api.apps.v1.ReplicaSet',
  'apps/v1/StatefulSet': 'io.k8s.api.apps.v1.StatefulSet',
  'apps/v1/ControllerRevision': 'io.k8s.api.apps.v1.ControllerRevision',
  'discovery.k8s.io/v1/EndpointSlice': 'io.k8s.api.discovery.v1.EndpointSlice',
  'multicluster.x-k8s.io/v1alpha1/ServiceImport': 'ServiceImport',
}

/** sigs.k8s.io/mcs-api, which client-go does not carry. */
const SERVICE_IMPORT = {
  ServiceImport: {
    fields: {
      apiVersion: 'string',
      kind: 'string',
      metadata: '#ObjectMeta',
      spec: '#ServiceImportSpec',
      status: '#ServiceImportStatus',
    },
  },
  ServiceImportSpec: {
    fields: {
      ports: { list: '#ServiceImportPort' },
      ips: { list: 'string' },
      ipFamilies: { list: 'string' },
      type: 'string',
      sessionAffinity: 'string',
      sessionAffinityConfig: '#SessionAffinityConfig',
      internalTrafficPolicy: 'string',
      trafficDistribution: 'string',
    },
  },
  ServiceImportPort: {
    fields: { name: 'string', protocol: 'string', appProtocol: 'string', port: 'numeric' },
  },
  ServiceImportStatus: {
    fields: {
      clusters: { list: '#ServiceImportCluster', keys: ['cluster'] },
      conditions: { list: '#Condition', keys: ['type'] },
    },
  },
  ServiceImportCluster: { fields: { cluster: 'string' } },
}

// biome-ignore lint/suspicious/noExplicitAny: a schema read from YAML
type Yaml = any

const types: Record<string, unknown> = {}
const source = new Map<string, Yaml>()

function short(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function type(node: Yaml): unknown {
  if (node.namedType !== undefined) {
    const named = source.get(node.namedType)
    if (named?.scalar !== undefined) return named.scalar
    if (named?.map !== undefined && named.map.fields === undefined) return type(named)
    visit(node.namedType)
    return node.elementRelationship === 'atomic'
      ? { struct: short(node.namedType), atomic: true }
      : `#${short(node.namedType)}`
  }
  if (node.scalar !== undefined) return node.scalar
  if (node.list !== undefined) {
    const { elementType, elementRelationship, keys } = node.list
    if (elementRelationship !== 'associative') return { list: type(elementType) }
    return { list: type(elementType), keys: keys ?? [] }
  }
  const { elementType, elementRelationship } = node.map
  if (elementType?.namedType === '__untyped_deduced_') return 'untyped'
  return elementRelationship === 'atomic'
    ? { map: type(elementType), atomic: true }
    : { map: type(elementType) }
}

function visit(name: string): void {
  if (types[short(name)] !== undefined) return
  const found = source.get(name)
  if (found?.map?.fields === undefined) throw new Error(`no fields: ${name}`)
  const fields: Record<string, unknown> = {}
  const entry: Record<string, unknown> = { fields }
  types[short(name)] = entry
  if (found.map.elementRelationship === 'atomic') entry.atomic = true
  for (const one of found.map.fields) fields[one.name] = type(one.type)
}

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: sandbox-schema.ts INTERNAL_GO')
const yaml = /YAMLObject\(`([^`]*)`\)/.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
for (const one of parse(yaml).types) source.set(one.name, one)
for (const name of Object.values(ROOTS)) if (name.includes('.')) visit(name)
visit('io.k8s.apimachinery.pkg.apis.meta.v1.Condition')
Object.assign(types, SERVICE_IMPORT)
const roots = Object.fromEntries(Object.entries(ROOTS).map(([key, name]) => [key, short(name)]))
const target = new URL('../src/sandbox/schema.json', import.meta.url)
const lines = Object.entries(types).map(([name, one]) => `"${name}":${JSON.stringify(one)}`)
writeFileSync(
  target,
  `{"source":"k8s.io/client-go v0.35.4","roots":${JSON.stringify(roots)},"types":{\n${lines.join(',\n')}\n}}\n`,
)
