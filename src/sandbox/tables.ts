import type { Clock } from './clock.ts'
import { columnsOf } from './columns.ts'
import type { Resource } from './resources.ts'
import type { ApiObject, Json } from './types.ts'

/** What a row carries of its object (`includeObject`). */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** meta.k8s.io/v1 Table: what kubectl get prints. */
export function table(
  resource: Resource,
  objects: readonly (ApiObject | Json)[],
  metadata: Json,
  include: IncludeObject,
  clock: Clock,
  withColumns = true,
): Json {
  const columns = columnsOf(resource.kind)
  const rows = objects.map((object) => {
    const cells = columns.map((column) => column.cell(object as ApiObject, clock))
    const row: Json = { cells }
    if (include === 'Object') row.object = object
    else if (include === 'Metadata') row.object = partial(object as ApiObject)
    return row
  })
  const definitions = columns.map(({ name, type, format, priority }) => ({
    name,
    type: type ?? 'string',
    format: format ?? '',
    description: '',
    priority: priority ?? 0,
  }))
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns ? definitions : null,
    rows,
  }
}

/** meta.k8s.io/v1 PartialObjectMetadata. */
export function partial(object: ApiObject): Json {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object.metadata,
  }
}
