import { applyPatch } from './apply.ts'
import type { Clock } from './clock.ts'
import { jsonPatch, mergePatch } from './patch.ts'
import type { Resource } from './resources.ts'
import { rootType } from './schema.ts'
import { badRequest } from './status.ts'
import { strategicMergePatch } from './strategic.ts'
import type { ApiObject, Json, ObjectInput } from './types.ts'

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface PatchRequest {
  type: PatchType
  body: Json
}

/** The content types of patches, by what they are. */
export const PATCH_TYPES: Record<string, PatchType> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** The object as the patch leaves it, not yet checked. `old` is missing only for an apply that creates. */
export function patched(
  resource: Resource,
  old: ApiObject | undefined,
  request: PatchRequest,
  options: { fieldManager?: string; force?: boolean },
  clock: Clock,
): ObjectInput {
  if (request.type === 'apply') return applyPatch(resource, old, request.body, options, clock)
  if (old === undefined) throw badRequest('only an apply patch creates objects')
  switch (request.type) {
    case 'json':
      return jsonPatch(old, request.body)
    case 'merge':
      return mergePatch(old, request.body)
    case 'strategic':
      return strategicMergePatch(old, request.body, rootType(resource.apiVersion, resource.kind))
  }
}
