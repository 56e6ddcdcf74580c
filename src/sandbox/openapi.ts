import { VERSION } from './discovery.ts'
import { RESOURCES, type Resource } from './resources.ts'
import type { Json } from './types.ts'

/** Asked for with an `@`, answered with a dot: Go's parser of media types takes no `@`. */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/**
 * The OpenAPI v2 document. It describes no structures: field validation is the server's own (`fieldValidation`), and kubectl
 * without a structure for a kind leaves its check out.
 */
export function openapiV2(): Json {
  return { swagger: '2.0', info: INFO, paths: {}, definitions: {} }
}

/**
 * The same as a gnostic OpenAPIv2 `Document` message, the only form that kubectl before 1.27 reads. Of the paths it has the
 * patches: by their parameters kubectl knows whether the server can try a write without doing it.
 */
export function openapiV2Protobuf(): Buffer {
  const info = Buffer.concat([text(1, INFO.title), text(2, INFO.version)])
  const paths = RESOURCES.map((one) => bytes(2, patchPath(one)))
  return Buffer.concat([text(1, '2.0'), bytes(2, info), bytes(8, Buffer.concat(paths))])
}

/** NamedPathItem of PathItem of Operation, with its query parameters and the kind that it is about. */
function patchPath({ group, version, kind, plural }: Resource): Buffer {
  const name = `/${group === '' ? 'api' : `apis/${group}`}/${version}/${plural}/{name}`
  const parameters = PATCH_PARAMETERS.map((parameter) => {
    const query = Buffer.concat([text(2, 'query'), text(4, parameter), text(6, 'string')])
    // ParametersItem of Parameter of NonBodyParameter of QueryParameterSubSchema.
    return bytes(8, bytes(1, bytes(2, bytes(3, query))))
  })
  const about = bytes(2, text(2, `group: "${group}"\nkind: ${kind}\nversion: ${version}\n`))
  const extension = Buffer.concat([text(1, 'x-kubernetes-group-version-kind'), about])
  const patch = Buffer.concat([...parameters, bytes(13, extension)])
  return Buffer.concat([text(1, name), bytes(2, bytes(8, patch))])
}

/** GET /openapi/v3: where the document of each group is. */
export function openapiV3Index(): Json {
  const entries = RESOURCES.map((one) => {
    const path = one.group === '' ? `api/${one.version}` : `apis/${one.group}/${one.version}`
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${VERSION.gitVersion}` }]
  })
  return { paths: Object.fromEntries(entries) }
}

/** The OpenAPI v3 document of one group: the write operations and the parameters that they honour. */
export function openapiV3(path: string): Json | undefined {
  const served = RESOURCES.filter((one) => {
    const prefix = one.group === '' ? `api/${one.version}` : `apis/${one.group}/${one.version}`
    return prefix === path
  })
  if (served.length === 0) return undefined
  const paths: Json = {}
  for (const one of served) {
    const scope = one.namespaced ? '/namespaces/{namespace}' : ''
    const base = `/${path}${scope}/${one.plural}`
    const kind = { group: one.group, version: one.version, kind: one.kind }
    paths[base] = { post: operation('post', kind) }
    paths[`${base}/{name}`] = { put: operation('put', kind), patch: operation('patch', kind) }
  }
  return { openapi: '3.0.0', info: INFO, paths, components: { schemas: {} } }
}

const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation']
const PATCH_PARAMETERS = [...WRITE_PARAMETERS, 'force']

const INFO = { title: 'Kubernetes', version: VERSION.gitVersion }

function operation(action: string, kind: Json): Json {
  const parameters = WRITE_PARAMETERS.map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }))
  if (action === 'patch') {
    parameters.push({ name: 'force', in: 'query', schema: { type: 'boolean', uniqueItems: true } })
  }
  return {
    parameters,
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value))
}

/** One length-delimited protobuf field. */
function bytes(field: number, value: Buffer): Buffer {
  const length: number[] = []
  for (let rest = value.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), value])
}
