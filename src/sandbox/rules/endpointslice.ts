import { endpointIp, isIpv4, looseIp, strictIp } from '../addresses.ts'
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../names.ts'
import { type FieldError, field, invalidEach, oneOf } from '../status.ts'
import type { Json } from '../types.ts'
import type { Rules } from './rules.ts'

/** pkg/apis/discovery/validation: limits of one slice. */
export const MAX_ENDPOINTS = 1_000
export const MAX_ADDRESSES = 100
export const MAX_PORTS = 20_000

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** discovery.k8s.io/v1 EndpointSlice. */
export const endpointSliceRules: Rules = {
  defaults(slice) {
    slice.endpoints ??= []
    for (const port of slice.ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },

  validate(slice, old) {
    const { addressType } = slice
    const errors: FieldError[] = []
    if (!addressType) errors.push(field.required('addressType'))
    else errors.push(...oneOf('addressType', addressType, ADDRESS_TYPES))
    errors.push(...validateEndpoints(slice.endpoints, addressType))
    errors.push(...validatePorts(slice.ports ?? []))
    if (old !== undefined && old.addressType !== addressType) {
      errors.push(field.invalid('addressType', addressType, 'field is immutable'))
    }
    return errors
  },
}

function validateEndpoints(endpoints: Json[], addressType: string): FieldError[] {
  if (endpoints.length > MAX_ENDPOINTS) {
    return [field.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)]
  }
  return endpoints.flatMap((endpoint, index) =>
    validateEndpoint(endpoint, addressType, `endpoints[${index}]`),
  )
}

function validateEndpoint(endpoint: Json, addressType: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  const addresses: string[] = endpoint.addresses ?? []
  if (addresses.length === 0) {
    errors.push(field.required(`${path}.addresses`, 'must contain at least 1 address'))
  }
  if (addresses.length > MAX_ADDRESSES) {
    errors.push(field.tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES))
  }
  addresses.forEach((address, index) => {
    errors.push(...validateAddress(address, addressType, `${path}.addresses`, index))
  })
  for (const [member, texts] of [
    ['nodeName', dns1123Subdomain],
    ['hostname', dns1123Label],
  ] as const) {
    const value = endpoint[member]
    if (value !== undefined) errors.push(...invalidEach(`${path}.${member}`, value, texts(value)))
  }
  return errors
}

function validateAddress(
  address: string,
  addressType: string,
  path: string,
  index: number,
): FieldError[] {
  const at = `${path}[${index}]`
  if (addressType === 'FQDN') return invalidEach(at, address, domainErrors(address))
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const texts = addressType === 'IPv4' ? looseIp(address) : strictIp(address)
  if (texts.length > 0) return invalidEach(at, address, texts)
  const other = isIpv4(address) !== (addressType === 'IPv4')
  return [
    ...(other ? [field.invalid(path, address, `must be an ${addressType} address`)] : []),
    ...invalidEach(at, address, endpointIp(address)),
  ]
}

function domainErrors(value: string): string[] {
  const name = value.replace(/\.$/, '')
  const errors = dns1123Subdomain(name)
  if (errors.length > 0) return errors
  if (name.includes('.')) return []
  return ['should be a domain with at least two segments separated by dots']
}

function validatePorts(ports: Json[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [field.tooMany('ports', ports.length, MAX_PORTS)]
  const names = new Set<string>()
  return ports.flatMap(({ name, protocol, appProtocol }, index) => {
    const path = `ports[${index}]`
    const errors = name === '' ? [] : invalidEach(`${path}.name`, name, dns1123Label(name))
    if (names.has(name)) errors.push(field.duplicate(`${path}.name`, name))
    names.add(name)
    errors.push(...oneOf(`${path}.protocol`, protocol, PROTOCOLS))
    if (appProtocol !== undefined) {
      errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol)))
    }
    return errors
  })
}
