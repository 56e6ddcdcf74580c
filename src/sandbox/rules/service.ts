import { dns1035Label, dns1123Label, dns1123Subdomain, portName, portNumber } from '../names.ts'
import { type FieldError, field } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'
import { validateLabels } from './meta.ts'
import type { Rules } from './rules.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** core/v1 Service: pkg/apis/core/v1 defaults and pkg/apis/core/validation. */
export const serviceRules: Rules = {
  validateName: dns1035Label,

  defaults(service) {
    service.spec ??= {}
    const spec = service.spec
    spec.type ??= 'ClusterIP'
    spec.sessionAffinity ??= 'None'
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

  validate(service, old) {
    const spec = service.spec
    const errors: FieldError[] = []
    const before = old?.spec
    const kept =
      before !== undefined && [before.type, spec.type].every((one) => one !== 'ExternalName')
    if (kept && spec.clusterIP && before.clusterIP && spec.clusterIP !== before.clusterIP) {
      const text = 'may not change once set'
      errors.push(field.invalid('spec.clusterIPs[0]', spec.clusterIP, text))
    }
    if (!TYPES.includes(spec.type)) {
      errors.push(field.notSupported('spec.type', spec.type, TYPES))
    }
    if (spec.type === 'ExternalName') errors.push(...validateExternalName(spec))
    if (spec.type !== 'ExternalName' && spec.clusterIP !== 'None' && !spec.ports?.length) {
      errors.push(field.required('spec.ports'))
    }
    if (spec.clusterIP === 'None' && ['NodePort', 'LoadBalancer'].includes(spec.type)) {
      const text = `may not be set to 'None' for ${spec.type} services`
      errors.push(field.invalid('spec.clusterIPs[0]', 'None', text))
    }
    errors.push(...validateLabels(spec.selector, 'spec.selector'))
    errors.push(...validatePorts(spec))
    if (!['ClientIP', 'None'].includes(spec.sessionAffinity)) {
      const words = ['ClientIP', 'None']
      errors.push(field.notSupported('spec.sessionAffinity', spec.sessionAffinity, words))
    }
    return errors
  },
}

function validateExternalName(spec: Json): FieldError[] {
  const errors: FieldError[] = []
  if (spec.clusterIP && spec.clusterIP !== 'None') {
    errors.push(
      field.forbidden('spec.clusterIPs[0]', "may not be set when `type` is 'ExternalName'"),
    )
  }
  const name = String(spec.externalName ?? '').replace(/\.$/, '')
  if (name === '') errors.push(field.required('spec.externalName'))
  else {
    const texts = dns1123Subdomain(name)
    errors.push(...texts.map((text) => field.invalid('spec.externalName', name, text)))
  }
  return errors
}

function validatePorts(spec: Json): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const numbers = new Set<string>()
  const ports: Json[] = spec.ports ?? []
  ports.forEach((port, index) => {
    const path = `spec.ports[${index}]`
    errors.push(...validatePort(port, path, ports.length > 1))
    if (port.name && names.has(port.name)) errors.push(field.duplicate(`${path}.name`, port.name))
    names.add(port.name)
    const key = `${port.protocol}/${port.port}`
    if (numbers.has(key)) {
      errors.push(field.duplicate(path, { port: port.port, protocol: port.protocol }))
    }
    numbers.add(key)
    if (port.nodePort && !['NodePort', 'LoadBalancer'].includes(spec.type)) {
      const text = "may not be used when `type` is 'ClusterIP'"
      errors.push(field.forbidden(`${path}.nodePort`, text))
    }
  })
  return errors
}

function validatePort(port: Json, path: string, several: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (!port.name) {
    if (several) errors.push(field.required(`${path}.name`))
  } else {
    const texts = dns1123Label(port.name)
    errors.push(...texts.map((text) => field.invalid(`${path}.name`, port.name, text)))
  }
  const wrong = portNumber(port.port ?? 0)
  errors.push(...wrong.map((text) => field.invalid(`${path}.port`, port.port ?? 0, text)))
  if (!PROTOCOLS.includes(port.protocol)) {
    errors.push(field.notSupported(`${path}.protocol`, port.protocol, PROTOCOLS))
  }
  const target = port.targetPort
  const texts = typeof target === 'number' ? portNumber(target) : portName(String(target ?? ''))
  errors.push(...texts.map((text) => field.invalid(`${path}.targetPort`, target, text)))
  return errors
}

/** Whether a Service has addresses of its own (neither headless nor an alias). */
export function hasClusterIp(service: ApiObject): boolean {
  return service.spec?.type !== 'ExternalName' && service.spec?.clusterIP !== 'None'
}
