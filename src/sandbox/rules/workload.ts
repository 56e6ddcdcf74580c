import { ANNOTATION_PREFIX, annotationProblems } from '../controllers/annotations.ts'
import { dns1123Label } from '../names.ts'
import { equal } from '../patch.ts'
import { resource } from '../resources.ts'
import { matchesLabels, requirementsOf } from '../selectors.ts'
import { type FieldError, field, invalidEach } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'
import { validateLabels } from './meta.ts'
import { atLeastZero, validateRollingUpdate } from './numbers.ts'
import { podSpecDefaults, validatePodSpec } from './pod.ts'
import type { Rules } from './rules.ts'
import { validateSelector } from './selector.ts'

/** apps/v1 Deployment. */
export const deploymentRules: Rules = {
  defaults(deployment) {
    templateDefaults(deployment)
    const { spec } = deployment
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    deployment.status ??= {}
  },
  validate(deployment, old) {
    const { spec } = deployment
    const errors = [
      ...atLeastZero('spec.replicas', spec.replicas),
      ...validateTemplate(deployment),
      ...validateStrategy(spec.strategy),
      ...atLeastZero('spec.minReadySeconds', spec.minReadySeconds),
      ...atLeastZero('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
      ...atLeastZero('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds),
    ]
    if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) {
      const text = 'must be greater than minReadySeconds'
      errors.push(field.invalid('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds, text))
    }
    return [...errors, ...changedSelector(deployment, old)]
  },
  warnings: steeringWarnings,
}

function validateStrategy(strategy: Json): FieldError[] {
  const { type, rollingUpdate } = strategy
  if (type === 'RollingUpdate') {
    return validateRollingUpdate(rollingUpdate, 'spec.strategy.rollingUpdate')
  }
  if (type !== 'Recreate') {
    const value = { Type: type, RollingUpdate: rollingUpdate ?? null }
    return [field.notSupported('spec.strategy', value, ['Recreate', 'RollingUpdate'])]
  }
  if (!rollingUpdate) return []
  const text = "may not be specified when strategy `type` is 'Recreate'"
  return [field.forbidden('spec.strategy.rollingUpdate', text)]
}

/** apps/v1 ReplicaSet. */
export const replicaSetRules: Rules = {
  defaults(replicaSet) {
    templateDefaults(replicaSet)
    replicaSet.status ??= { replicas: 0 }
  },
  validate: (replicaSet, old) => [
    ...atLeastZero('spec.replicas', replicaSet.spec.replicas),
    ...atLeastZero('spec.minReadySeconds', replicaSet.spec.minReadySeconds),
    ...validateTemplate(replicaSet),
    ...changedSelector(replicaSet, old),
  ],
  warnings: steeringWarnings,
}

/** apps/v1 StatefulSet. */
export const statefulSetRules: Rules = {
  validateName: dns1123Label,
  defaults(set) {
    templateDefaults(set)
    const { spec } = set
    spec.podManagementPolicy ??= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ||= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.revisionHistoryLimit ??= 10
    spec.persistentVolumeClaimRetentionPolicy ??= { whenDeleted: 'Retain', whenScaled: 'Retain' }
    set.status ??= { replicas: 0, availableReplicas: 0 }
  },
  validate(set, old) {
    const { podManagementPolicy, serviceName, ordinals, ...spec } = set.spec
    const errors: FieldError[] = []
    if (!['OrderedReady', 'Parallel'].includes(podManagementPolicy)) {
      const text = "must be 'OrderedReady' or 'Parallel'"
      errors.push(field.invalid('spec.podManagementPolicy', podManagementPolicy, text))
    }
    errors.push(
      ...validateUpdateStrategy(spec.updateStrategy),
      ...atLeastZero('spec.replicas', spec.replicas),
      ...atLeastZero('spec.minReadySeconds', spec.minReadySeconds),
      ...atLeastZero('spec.ordinals.start', ordinals?.start),
    )
    if (old === undefined && serviceName) {
      errors.push(...invalidEach('spec.serviceName', serviceName, dns1123Label(serviceName)))
    }
    errors.push(...validateTemplate(set))
    if (old !== undefined && !equal(fixed(old.spec), fixed(set.spec))) {
      errors.push(field.forbidden('spec', STATEFUL_IMMUTABLE))
    }
    return errors
  },
  /** Not the real API server's: it says nothing, and people look for the names of their Pods. */
  warnings(set, storage) {
    const { metadata, spec } = set
    const { serviceName } = spec
    const namespace = metadata.namespace ?? ''
    const steering = steeringWarnings(set)
    if (serviceName && storage.get(SERVICES, namespace, serviceName) !== undefined) return steering
    const missing = serviceName
      ? `there is no Service "${serviceName}" in namespace "${namespace}" yet`
      : 'no Service is named'
    const text = `spec.serviceName: ${missing}; without it the Pods have no names of their own`
    return [text, ...steering]
  },
}

const SERVICES = resource('v1', 'Service')

/** What steers no Pod, though it looks so: Pods have the annotations of the template, not of the workload. */
function steeringWarnings({ metadata, spec }: ApiObject): string[] {
  const misplaced = Object.keys(metadata.annotations ?? {})
    .filter((name) => name.startsWith(ANNOTATION_PREFIX))
    .map((name) => {
      const path = `metadata.annotations[${name}]`
      return `${path}: counts for nothing here; Pods have those of spec.template.metadata.annotations`
    })
  return [...misplaced, ...annotationProblems(spec.template, 'spec.template.metadata.annotations')]
}

function validateUpdateStrategy({ type, rollingUpdate }: Json): FieldError[] {
  const path = 'spec.updateStrategy'
  if (type === 'RollingUpdate') {
    return atLeastZero(`${path}.rollingUpdate.partition`, rollingUpdate?.partition)
  }
  if (type !== 'OnDelete') {
    const value = { Type: type, RollingUpdate: rollingUpdate ?? null }
    return [field.invalid(path, value, "must be 'RollingUpdate' or 'OnDelete'")]
  }
  if (!rollingUpdate) return []
  const { partition = 0, maxUnavailable = null } = rollingUpdate
  const value = { Partition: partition, MaxUnavailable: maxUnavailable }
  const text = "only allowed for updateStrategy 'RollingUpdate'"
  return [field.invalid(`${path}.rollingUpdate`, value, text)]
}

const STATEFUL_IMMUTABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

function fixed(spec: Json): Json {
  const { serviceName, selector, podManagementPolicy, volumeClaimTemplates } = spec
  return { serviceName, selector, podManagementPolicy, volumeClaimTemplates }
}

function templateDefaults(object: ApiObject): void {
  object.spec ??= {}
  object.spec.replicas ??= 1
  object.spec.template ??= {}
  object.spec.template.spec ??= {}
  podSpecDefaults(object.spec.template.spec)
}

/** Selector and template: what every workload is made of. */
function validateTemplate({ kind, spec }: ApiObject): FieldError[] {
  const { errors, usable } = validateSelector(spec.selector, kind)
  if (!usable) return errors
  const { metadata, spec: pod } = spec.template
  const path = 'spec.template'
  const labels = metadata?.labels
  const terms = requirementsOf(spec.selector)
  // No selector at all selects nothing; an empty one everything.
  if (spec.selector === undefined || !matchesLabels(terms, labels)) {
    const text = '`selector` does not match template `labels`'
    errors.push(field.invalid(`${path}.metadata.labels`, labels ?? null, text))
  }
  errors.push(...validateLabels(labels, `${path}.labels`))
  // A StatefulSet's Pods are named by their controller.
  const named = kind === 'StatefulSet' ? { ...pod, hostname: '', subdomain: '' } : pod
  errors.push(...validatePodSpec(named, `${path}.spec`))
  if (pod.restartPolicy !== 'Always') {
    const at = `${path}.spec.restartPolicy`
    errors.push(field.notSupported(at, pod.restartPolicy, ['Always']))
  }
  if (pod.activeDeadlineSeconds !== undefined) {
    const of = kind === 'StatefulSet' ? kind : 'ReplicaSet'
    const text = `activeDeadlineSeconds in ${of} is not Supported`
    errors.push(field.forbidden(`${path}.spec.activeDeadlineSeconds`, text))
  }
  return errors
}

function changedSelector({ spec }: ApiObject, old: ApiObject | undefined): FieldError[] {
  if (old === undefined || equal(old.spec.selector, spec.selector)) return []
  return [field.invalid('spec.selector', spec.selector, 'field is immutable')]
}
