import type { Resource } from './resources.ts'
import { isObject } from './schema.ts'
import { selectorText } from './selectors.ts'
import { badRequest, field, invalid } from './status.ts'
import type { ApiObject, Json } from './types.ts'

/** autoscaling/v1 Scale of a workload. */
export function scaleOf(object: ApiObject): Json {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: object.spec?.replicas ?? 0 },
    status: {
      replicas: object.status?.replicas ?? 0,
      selector: selectorText(object.spec?.selector),
    },
  }
}

/** The workload with the replicas (and preconditions) of a Scale. Throws ApiError where they are none. */
export function withScale(resource: Resource, object: ApiObject, scale: Json): ApiObject {
  if (!isObject(scale)) throw badRequest('the body is no Scale')
  const replicas = scale.spec?.replicas ?? 0
  const { name } = object.metadata
  if (!Number.isInteger(replicas) || replicas < 0) {
    const wrong = field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0')
    throw invalid('autoscaling', 'Scale', name, [wrong])
  }
  const metadata = { ...object.metadata }
  if (scale.metadata?.resourceVersion) metadata.resourceVersion = scale.metadata.resourceVersion
  if (scale.metadata?.uid) metadata.uid = scale.metadata.uid
  return { ...object, kind: resource.kind, metadata, spec: { ...object.spec, replicas } }
}
