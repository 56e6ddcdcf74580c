import { dns1123Label } from '../names.ts'
import type { Resource } from '../resources.ts'
import { configMapRules } from './configmap.ts'
import { endpointsRules } from './endpoints.ts'
import { endpointSliceRules } from './endpointslice.ts'
import { podRules } from './pod.ts'
import type { Rules } from './rules.ts'
import { serviceRules } from './service.ts'
import { deploymentRules, replicaSetRules, statefulSetRules } from './workload.ts'

/** core/v1 Namespace. */
const namespaceRules: Rules = {
  validateName: dns1123Label,
  defaults(namespace) {
    const { metadata } = namespace
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
    namespace.spec ??= { finalizers: ['kubernetes'] }
    namespace.status ??= { phase: 'Active' }
  },
}

/** core/v1 Node. */
const nodeRules: Rules = {
  defaults(node) {
    node.spec ??= {}
    node.status ??= {}
  },
}

const byKind: Record<string, Rules> = {
  Namespace: namespaceRules,
  Service: serviceRules,
  Endpoints: endpointsRules,
  EndpointSlice: endpointSliceRules,
  Pod: podRules,
  ConfigMap: configMapRules,
  Node: nodeRules,
  Deployment: deploymentRules,
  ReplicaSet: replicaSetRules,
  StatefulSet: statefulSetRules,
}

const NONE: Rules = {}

export function rulesOf(resource: Resource): Rules {
  return byKind[resource.kind] ?? NONE
}
