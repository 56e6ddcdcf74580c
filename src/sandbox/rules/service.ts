import { endpointIp, looseIp } from '../addresses.ts'
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  portName,
  portNumber,
  qualifiedName,
} from '../names.ts'
import { type FieldError, field, invalidEach, oneOf } from '../status.ts'
import type { Json } from '../types.ts'
import { validateLabels } from './meta.ts'
import type { Rules } from './rules.ts'
import { changedAddresses, keepInStep, validateAddresses } from './serviceaddresses.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const POLICIES = ['Cluster', 'Local']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
/** How long ClientIP affinity may last (a day), and does where nothing is written. */
const MAX_AFFINITY_SECONDS = 86_400
const DEFAULT_AFFINITY_SECONDS = 10_800

/** core/v1 Service: pkg/apis/core/v1 defaults, pkg/registry/core/service and pkg/apis/core/validation. */
export const serviceRules: Rules = {
  validateName: dns1035Label,

  defaults(service) {
    service.spec ??= {}
    const spec = service.spec
    spec.type ??= 'ClusterIP'
    spec.sessionAffinity ??= 'None'
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
    else if (spec.sessionAffinity === 'ClientIP' && !spec.sessionAffinityConfig?.clientIP) {
      spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: DEFAULT_AFFINITY_SECONDS } }
    }
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP'
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') {
        port.targetPort = port.port
      }
    }
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
    if (['NodePort', 'LoadBalancer'].includes(spec.type)) spec.externalTrafficPolicy ??= 'Cluster'
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
    service.status ??= { loadBalancer: {} }
  },

  prepare(service, old) {
    keepInStep(service, old)
    if (old !== undefined) dropForeignFields(service.spec, old.spec)
  },

  validate(service, old) {
    const { spec } = service
    const errors = old === undefined ? [] : changedAddresses(spec, old.spec)
    if (!spec.ports?.length && !isHeadless(spec) && spec.type !== 'ExternalName') {
      errors.push(field.required('spec.ports'))
    }
    errors.push(...validateType(spec))
    errors.push(...validatePorts(spec.ports ?? []))
    errors.push(...validateLabels(spec.selector, 'spec.selector'))
    errors.push(...validateAffinity(spec))
    errors.push(...validateAddresses(spec))
    for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
      const wrong = looseIp(ip)
      const texts = wrong.length > 0 ? wrong : endpointIp(ip)
      errors.push(...invalidEach(`spec.externalIPs[${index}]`, ip, texts))
    }
    errors.push(...oneOf('spec.type', spec.type, TYPES))
    errors.push(...validateNumbers(spec))
    errors.push(...validatePolicies(spec))
    return errors
  },
}

/** What only the former type needs goes with it, unless it was written anew. */
function dropForeignFields(spec: Json, before: Json): void {
  const outside = (one: Json) => ['NodePort', 'LoadBalancer'].includes(one.type)
  if (outside(before) && !outside(spec)) {
    const numbers = (one: Json) => (one.ports ?? []).map((port: Json) => port.nodePort).join()
    if (numbers(spec) === numbers(before)) for (const port of spec.ports ?? []) delete port.nodePort
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) {
      delete spec.externalTrafficPolicy
    }
  }
  const balances = 'allocateLoadBalancerNodePorts'
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec[balances] === before[balances]) delete spec[balances]
  }
}

function validateType(spec: Json): FieldError[] {
  if (spec.type === 'ExternalName') return validateExternalName(spec)
  if (!['NodePort', 'LoadBalancer'].includes(spec.type) || !isHeadless(spec)) return []
  const text = `may not be set to 'None' for ${spec.type} services`
  return [field.invalid('spec.clusterIPs[0]', 'None', text)]
}

function validateExternalName(spec: Json): FieldError[] {
  const errors: FieldError[] = []
  for (const member of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    if (!spec[member]?.length) continue
    errors.push(field.forbidden(`spec.${member}`, 'may not be set for ExternalName services'))
  }
  const name = String(spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') errors.push(field.required('spec.externalName'))
  else errors.push(...invalidEach('spec.externalName', name, dns1123Subdomain(name)))
  return errors
}

function validatePorts(ports: Json[]): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`
    const { name, appProtocol } = port
    const errors: FieldError[] = []
    if (!name) {
      if (ports.length > 1) errors.push(field.required(`${path}.name`))
    } else {
      errors.push(...invalidEach(`${path}.name`, name, dns1123Label(name)))
      if (names.has(name)) errors.push(field.duplicate(`${path}.name`, name))
      names.add(name)
    }
    const number = port.port ?? 0
    errors.push(...invalidEach(`${path}.port`, number, portNumber(number)))
    errors.push(...oneOf(`${path}.protocol`, port.protocol, PROTOCOLS))
    const target = port.targetPort ?? 0
    const texts = typeof target === 'number' ? portNumber(target) : portName(String(target))
    errors.push(...invalidEach(`${path}.targetPort`, target, texts))
    if (appProtocol !== undefined) {
      errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol)))
    }
    return errors
  })
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: Json): FieldError[] {
  const errors = oneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None'])
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity !== 'ClientIP' || seconds === undefined) return errors
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return errors
  const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds'
  const text = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`
  return [...errors, field.invalid(path, seconds, text)]
}

/** Node ports where there are none, and numbers that two ports have. */
function validateNumbers({ type, ports = [] }: Json): FieldError[] {
  const errors: FieldError[] = []
  const taken = new Set<string>()
  const free = (key: string) => !taken.has(key) && taken.add(key)
  ports.forEach(({ nodePort }: Json, index: number) => {
    if (type !== 'ClusterIP' || !nodePort) return
    const text = "may not be used when `type` is 'ClusterIP'"
    errors.push(field.forbidden(`spec.ports[${index}].nodePort`, text))
  })
  ports.forEach(({ nodePort, protocol }: Json, index: number) => {
    if (!nodePort || free(`node ${protocol}/${nodePort}`)) return
    errors.push(field.duplicate(`spec.ports[${index}].nodePort`, nodePort))
  })
  ports.forEach(({ port, protocol }: Json, index: number) => {
    if (free(`${protocol}/${port}`)) return
    // Written as the API server's own structure, for clients compare the text.
    const value = { Name: '', Protocol: protocol, AppProtocol: null, Port: port }
    const rest = { TargetPort: 0, NodePort: 0 }
    errors.push(field.duplicate(`spec.ports[${index}]`, { ...value, ...rest }))
  })
  return errors
}

function validatePolicies(spec: Json): FieldError[] {
  const { type, externalTrafficPolicy, internalTrafficPolicy, trafficDistribution } = spec
  const errors: FieldError[] = []
  if (spec.allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer') {
    const text = "may only be used when `type` is 'LoadBalancer'"
    errors.push(field.forbidden('spec.allocateLoadBalancerNodePorts', text))
  }
  const accessible = type === 'NodePort' || type === 'LoadBalancer' || spec.externalIPs?.length > 0
  const path = 'spec.externalTrafficPolicy'
  if (externalTrafficPolicy !== undefined && !accessible) {
    const text = 'may only be set for externally-accessible services'
    errors.push(field.invalid(path, externalTrafficPolicy, text))
  } else if (externalTrafficPolicy !== undefined) {
    errors.push(...oneOf(path, externalTrafficPolicy, POLICIES))
  }
  if (internalTrafficPolicy !== undefined) {
    errors.push(...oneOf('spec.internalTrafficPolicy', internalTrafficPolicy, POLICIES))
  }
  if (trafficDistribution !== undefined) {
    errors.push(...oneOf('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS))
  }
  return errors
}

function isHeadless(spec: Json): boolean {
  return spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None'
}
