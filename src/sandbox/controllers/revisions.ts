import { equal } from '../patch.ts'
import type { ApiObject, Json } from '../types.ts'
import {
  CONTROLLER_REVISIONS,
  type ControllerContext,
  hashOf,
  isControlledBy,
  ownerReference,
} from './context.ts'

export const REVISION_LABEL = 'controller-revision-hash'

/** Which templates a StatefulSet's Pods have: the one before an update, and the one after it. */
export interface Revisions {
  current: string
  update: string
  currentTemplate: Json
}

/** The revisions of a set; a new one is written down when its template has changed, old ones beyond the limit are dropped. */
export function currentRevisions(context: ControllerContext, set: ApiObject): Revisions {
  const { registry } = context
  const all = registry.storage
    .list(CONTROLLER_REVISIONS)
    .filter((one) => isControlledBy(one, set))
    .sort((a, b) => a.revision - b.revision)
  const { template } = set.spec
  let update = all.find((one) => equal(templateOf(one), template))
  const highest = all.at(-1)?.revision ?? 0
  if (update === undefined) update = createRevision(context, set, highest + 1)
  else if (update.revision < highest) update = renumber(context, update, highest + 1)
  const name = set.status?.currentRevision ?? update.metadata.name
  const current = all.find((one) => one.metadata.name === name) ?? update
  forget(context, set, all, [update, current])
  return {
    current: current.metadata.name,
    update: update.metadata.name,
    currentTemplate: templateOf(current),
  }
}

/** The template of a revision without the directive that makes `kubectl rollout undo` replace the whole of it. */
function templateOf(one: ApiObject): Json {
  const { $patch: _directive, ...template } = one.data?.spec?.template ?? {}
  return template
}

function createRevision(context: ControllerContext, set: ApiObject, revision: number): ApiObject {
  const { namespace = '', name } = set.metadata
  const hash = hashOf([set.spec.template, revision])
  return context.registry.create(CONTROLLER_REVISIONS, namespace, {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...set.spec.template.metadata?.labels, 'controller.kubernetes.io/hash': hash },
      ownerReferences: [ownerReference(set)],
    },
    data: { spec: { template: { ...set.spec.template, $patch: 'replace' } } },
    revision,
  })
}

function renumber(context: ControllerContext, one: ApiObject, revision: number): ApiObject {
  const { namespace = '', name } = one.metadata
  return context.registry.update(CONTROLLER_REVISIONS, namespace, name, { ...one, revision })
}

function forget(context: ControllerContext, set: ApiObject, all: ApiObject[], used: ApiObject[]) {
  const idle = all.filter((one) => !used.some((other) => other.metadata.uid === one.metadata.uid))
  const excess = Math.max(0, idle.length - (set.spec.revisionHistoryLimit ?? 10))
  for (const { metadata } of idle.slice(0, excess)) {
    context.registry.remove(CONTROLLER_REVISIONS, metadata.namespace ?? '', metadata.name)
  }
}
