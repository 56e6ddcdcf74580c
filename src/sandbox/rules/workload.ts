import { dns1123Label, labelValue, qualifiedName } from '../names.ts'
import { equal } from '../patch.ts'
import { resource } from '../resources.ts'
import { matchesLabels, requirementsOf } from '../selectors.ts'
import { type FieldError, field } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'
import { validateLabels } from './meta.ts'
import { podSpecDefaults, validatePodSpec } from './pod.ts'
import type { Rules } from './rules.ts'

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
    const errors = validateTemplate(deployment, old)
    const { strategy } = deployment.spec
    if (!['Recreate', 'RollingUpdate'].includes(strategy.type)) {
      const words = ['Recreate', 'RollingUpdate']
      errors.push(field.notSupported('spec.strategy.type', strategy.type, words))
    }
    if (strategy.type === 'Recreate' && strategy.rollingUpdate) {
      const text = "may not be specified when strategy `type` is 'Recreate'"
      errors.push(field.forbidden('spec.strategy.rollingUpdate', text))
    }
    return errors
  },
}

/** apps/v1 ReplicaSet. */
export const replicaSetRules: Rules = {
  defaults(replicaSet) {
    templateDefaults(replicaSet)
    replicaSet.status ??= { replicas: 0 }
  },
  validate: validateTemplate,
}

/** apps/v1 StatefulSet. */
export const statefulSetRules: Rules = {
  validateName: dns1123Label,
  defaults(set) {
    templateDefaults(set)
    const { spec } = set
    spec.podManagementPolicy ??= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.revisionHistoryLimit ??= 10
    spec.persistentVolumeClaimRetentionPolicy ??= { whenDeleted: 'Retain', whenScaled: 'Retain' }
    set.status ??= { replicas: 0, availableReplicas: 0 }
  },
  validate(set, old) {
    const errors = validateTemplate(set, old)
    const { podManagementPolicy } = set.spec
    if (!['OrderedReady', 'Parallel'].includes(podManagementPolicy)) {
      const text = "must be 'OrderedReady' or 'Parallel'"
      errors.push(field.invalid('spec.podManagementPolicy', podManagementPolicy, text))
    }
    if (old !== undefined && errors.length === 0 && !equal(fixed(old.spec), fixed(set.spec))) {
      errors.push(field.forbidden('spec', STATEFUL_IMMUTABLE))
    }
    return errors
  },
  /** Not the real API server's: it says nothing, and people look for the names of their Pods. */
  warnings({ metadata, spec }, storage) {
    const { serviceName } = spec
    const namespace = metadata.namespace ?? ''
    if (serviceName && storage.get(SERVICES, namespace, serviceName) !== undefined) return []
    const missing = serviceName
      ? `there is no Service "${serviceName}" in namespace "${namespace}" yet`
      : 'no Service is named'
    return [`spec.serviceName: ${missing}; without it the Pods have no names of their own`]
  },
}

const SERVICES = resource('v1', 'Service')

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

function validateTemplate(object: ApiObject, old?: ApiObject): FieldError[] {
  const { spec } = object
  const errors: FieldError[] = []
  if (spec.replicas < 0) {
    errors.push(field.invalid('spec.replicas', spec.replicas, 'must be greater than or equal to 0'))
  }
  errors.push(...validateSelector(spec.selector, old))
  if (
    old !== undefined &&
    object.kind !== 'StatefulSet' &&
    !equal(old.spec.selector, spec.selector)
  ) {
    errors.push(field.invalid('spec.selector', spec.selector, 'field is immutable'))
  }
  const labels = spec.template.metadata?.labels
  errors.push(...validateLabels(labels, 'spec.template.metadata.labels'))
  if (errors.length === 0 && !matchesLabels(requirementsOf(spec.selector), labels)) {
    const text = '`selector` does not match template `labels`'
    errors.push(field.invalid('spec.template.metadata.labels', labels ?? {}, text))
  }
  errors.push(...validatePodSpec(spec.template.spec, 'spec.template.spec'))
  if (spec.template.spec.restartPolicy !== 'Always') {
    const value = spec.template.spec.restartPolicy
    errors.push(field.notSupported('spec.template.spec.restartPolicy', value, ['Always']))
  }
  return errors
}

function validateSelector(selector: Json, old: ApiObject | undefined): FieldError[] {
  if (selector === undefined) return [field.required('spec.selector')]
  const equalities = Object.entries((selector.matchLabels ?? {}) as Record<string, string>)
  const expressions: Json[] = selector.matchExpressions ?? []
  if (equalities.length + expressions.length === 0 && old === undefined) {
    const text = 'empty selector is invalid for deployment'
    return [field.invalid('spec.selector', selector, text)]
  }
  const errors: FieldError[] = []
  for (const [key, value] of equalities) {
    const path = 'spec.selector.matchLabels'
    errors.push(...qualifiedName(key).map((text) => field.invalid(path, key, text)))
    errors.push(...labelValue(value).map((text) => field.invalid(path, value, text)))
  }
  expressions.forEach(({ operator, values }, index) => {
    const path = `spec.selector.matchExpressions[${index}]`
    const needsValues = operator === 'In' || operator === 'NotIn'
    if (!needsValues && operator !== 'Exists' && operator !== 'DoesNotExist') {
      const text = 'not a valid selector operator'
      errors.push(field.invalid(`${path}.operator`, operator, text))
    } else if (needsValues !== Boolean(values?.length)) {
      const text = "must be specified when `operator` is 'In' or 'NotIn'"
      errors.push(
        needsValues
          ? field.required(`${path}.values`, text)
          : field.forbidden(
              `${path}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
      )
    }
  })
  return errors
}
