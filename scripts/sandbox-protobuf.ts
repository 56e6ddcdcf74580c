/**
 * Makes src/sandbox/protobuf.json: field numbers and types of the kinds that the embedded API server takes, for clients that
 * send protobuf. Read from the struct tags of Kubernetes's own Go types.
 *
 *     node scripts/sandbox-protobuf.ts K8S_IO_API K8S_IO_APIMACHINERY
 */
import { readFileSync, writeFileSync } from 'node:fs'

const [api, machinery] = process.argv.slice(2)
if (machinery === undefined) throw new Error('usage: sandbox-protobuf.ts API APIMACHINERY')

const PACKAGES: Record<string, string> = {
  core: `${api}/core/v1/types.go`,
  apps: `${api}/apps/v1/types.go`,
  discovery: `${api}/discovery/v1/types.go`,
  autoscaling: `${api}/autoscaling/v1/types.go`,
  meta: `${machinery}/pkg/apis/meta/v1/types.go`,
}
const ROOTS: Record<string, string> = {
  'v1/Namespace': 'core.Namespace',
  'v1/Service': 'core.Service',
  'v1/Endpoints': 'core.Endpoints',
  'v1/Pod': 'core.Pod',
  'v1/Node': 'core.Node',
  'v1/ConfigMap': 'core.ConfigMap',
  'v1/ServiceAccount': 'core.ServiceAccount',
  'v1/Event': 'core.Event',
  'v1/DeleteOptions': 'meta.DeleteOptions',
  'apps/v1/Deployment': 'apps.Deployment',
  'apps/v1/ReplicaSet': 'apps.ReplicaSet',
  'apps/v1/StatefulSet': 'apps.StatefulSet',
  'apps/v1/ControllerRevision': 'apps.ControllerRevision',
  'apps/v1/DeleteOptions': 'meta.DeleteOptions',
  'discovery.k8s.io/v1/EndpointSlice': 'discovery.EndpointSlice',
  'discovery.k8s.io/v1/DeleteOptions': 'meta.DeleteOptions',
  'autoscaling/v1/Scale': 'autoscaling.Scale',
}
/** Types of other packages, by what their values become in JSON. */
const SPECIAL: Record<string, string> = {
  'meta.Time': 'Time',
  'meta.MicroTime': 'Time',
  'meta.FieldsV1': 'Raw',
  'intstr.IntOrString': 'IntOrString',
  'resource.Quantity': 'Quantity',
  'runtime.RawExtension': 'Raw',
  'types.UID': 'string',
}
const SCALARS = ['string', 'bool', 'int32', 'int64', 'float64', '[]byte']

interface Field {
  number: number
  name: string
  go: string
}

const structs = new Map<string, Field[]>()
const aliases = new Map<string, string>()
for (const [name, file] of Object.entries(PACKAGES)) readPackage(name, readFileSync(file, 'utf8'))

const types: Record<string, Record<string, [string, string]>> = {}
for (const root of Object.values(ROOTS)) visit(root)
const lines = Object.entries(types).map(([name, one]) => `"${name}":${JSON.stringify(one)}`)
writeFileSync(
  new URL('../src/sandbox/protobuf.json', import.meta.url),
  `{"source":"k8s.io/api v0.35.4","roots":${JSON.stringify(ROOTS)},"types":{\n${lines.join(',\n')}\n}}\n`,
)

function readPackage(name: string, text: string): void {
  for (const [, struct = '', body = ''] of text.matchAll(
    /^type (\w+) struct \{\n([\s\S]*?)^\}/gm,
  )) {
    const fields: Field[] = []
    const pattern = /^\t(?:(\w+)[ \t]+)?(\S+)[ \t]+`json:"([^"]*)"[^`]*protobuf:"\w+,(\d+),[^`]*`/gm
    for (const [, , go = '', json = '', number] of body.matchAll(pattern)) {
      fields.push({ number: Number(number), name: json.split(',')[0] ?? '', go: qualify(name, go) })
    }
    structs.set(`${name}.${struct}`, fields)
  }
  for (const [, alias = '', go = ''] of text.matchAll(
    /^type (\w+) (string|int32|map\[\S+|\[\]\S+)$/gm,
  )) {
    aliases.set(`${name}.${alias}`, qualify(name, go))
  }
}

/** The Go type with every name qualified by the package it is of. */
function qualify(own: string, go: string): string {
  return go.replace(/[\w.]+/g, (word) => {
    if (word === 'map' || word === 'byte' || SCALARS.includes(word)) return word
    if (!word.includes('.')) return `${own}.${word}`
    const [prefix, name] = word.split('.')
    if (prefix === 'metav1') return `meta.${name}`
    if (prefix === 'v1') return own === 'core' ? `meta.${name}` : `core.${name}`
    return word
  })
}

function visit(name: string): void {
  if (types[name] !== undefined) return
  const fields = structs.get(name)
  if (fields === undefined) throw new Error(`unknown type ${name}`)
  const entry: Record<string, [string, string]> = {}
  types[name] = entry
  for (const one of fields) entry[one.number] = [one.name, shape(one.go)]
}

/** `*T` pointer, `[]T` list, `{}T` map of strings, else a scalar, a special or a structure. */
function shape(go: string): string {
  if (go.startsWith('*')) return `*${shape(go.slice(1))}`
  if (go === '[]byte') return 'bytes'
  if (go.startsWith('[]')) return `[]${shape(go.slice(2))}`
  const map = /^map\[[^\]]+\](.*)$/.exec(go)
  if (map !== null) return `{}${shape(map[1] ?? '')}`
  if (SPECIAL[go] !== undefined) return SPECIAL[go]
  if (SCALARS.includes(go)) return go
  const alias = aliases.get(go)
  if (alias !== undefined) return shape(alias)
  visit(go)
  return go
}
