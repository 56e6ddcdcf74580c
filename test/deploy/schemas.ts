import type { KubeObject } from './rendered.ts'

interface Model {
  new (object: object): { validate(): void }
}

interface SchemaError {
  readonly instancePath: string
  readonly message?: string
}

/** Packages with the published schemas, by the end of the API group. */
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)coreos\.com$/, '@kubernetes-models/prometheus-operator'],
  [/^$|^(apps|autoscaling|policy)$|\.k8s\.io$/, 'kubernetes-models'],
]

/** Whether there is a published schema for the object's kind. */
export async function hasSchema(object: KubeObject): Promise<boolean> {
  return (await modelOf(object)) !== undefined
}

/** What the published schema objects to in an object, and the fields that it does not know. Empty when all is well. */
export async function problemsOf(object: KubeObject): Promise<string[]> {
  const model = await modelOf(object)
  if (model === undefined) return [`no schema for ${object.apiVersion} ${object.kind}`]
  const broken = errorsOf(model, object).map(
    ({ instancePath, message }) => `${instancePath} ${message}`,
  )
  return [...broken, ...unknownFields(model, object, object, '')]
}

async function modelOf({ apiVersion, kind }: KubeObject): Promise<Model | undefined> {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : ''
  const from = PACKAGES.find(([groups]) => groups.test(group))?.[1]
  if (from === undefined) return undefined
  const models = (await import(`${from}/${apiVersion}`)) as Record<string, Model>
  return models[kind]
}

function errorsOf(model: Model, object: KubeObject): readonly SchemaError[] {
  try {
    new model(object).validate()
    return []
  } catch (error) {
    return (error as { errors: readonly SchemaError[] }).errors
  }
}

/**
 * The published schemas let unknown fields pass. A field that may hold a symbol is one that the schema does not know: no field has
 * that type.
 */
function unknownFields(model: Model, object: KubeObject, at: KubeObject, path: string): string[] {
  return Object.keys(at).flatMap((key) => {
    const value = at[key]
    const here = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    at[key] = Symbol('nothing that a field holds')
    const known = errorsOf(model, object).some(({ instancePath }) => instancePath.startsWith(here))
    at[key] = value
    if (!known) return [`${here} is not known`]
    return value !== null && typeof value === 'object'
      ? unknownFields(model, object, value, here)
      : []
  })
}
