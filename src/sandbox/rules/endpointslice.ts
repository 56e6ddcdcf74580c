import ipaddr from 'ipaddr.js'
import { dns1123Label, dns1123Subdomain, portNumber } from '../names.ts'
import { type FieldError, field } from '../status.ts'
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
    const errors: FieldError[] = []
    if (!slice.addressType) {
      errors.push(field.required('addressType'))
    } else if (!ADDRESS_TYPES.includes(slice.addressType)) {
      errors.push(field.notSupported('addressType', slice.addressType, ADDRESS_TYPES))
    } else if (old !== undefined && old.addressType !== slice.addressType) {
      errors.push(field.invalid('addressType', slice.addressType, 'field is immutable'))
    }
    if (slice.endpoints.length > MAX_ENDPOINTS) {
      errors.push(tooMany('endpoints', slice.endpoints.length, MAX_ENDPOINTS))
    }
    slice.endpoints.forEach((endpoint: Json, index: number) => {
      errors.push(...validateEndpoint(endpoint, slice.addressType, `endpoints[${index}]`))
    })
    errors.push(...validatePorts(slice.ports ?? []))
    return errors
  },
}

function validateEndpoint(endpoint: Json, addressType: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  const addresses: string[] = endpoint.addresses ?? []
  if (addresses.length === 0) {
    errors.push(field.required(`${path}.addresses`, 'must contain at least 1 address'))
  }
  if (addresses.length > MAX_ADDRESSES) {
    errors.push(tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES))
  }
  addresses.forEach((address, index) => {
    const texts = addressErrors(address, addressType)
    const at = `${path}.addresses[${index}]`
    errors.push(...texts.map((text) => field.invalid(at, address, text)))
  })
  if (endpoint.hostname !== undefined) {
    const texts = dns1123Label(endpoint.hostname)
    const at = `${path}.hostname`
    errors.push(...texts.map((text) => field.invalid(at, endpoint.hostname, text)))
  }
  return errors
}

function addressErrors(address: string, addressType: string): string[] {
  if (addressType === 'FQDN') return dns1123Subdomain(address)
  const valid =
    addressType === 'IPv4'
      ? ipaddr.IPv4.isValidFourPartDecimal(address)
      : ipaddr.IPv6.isValid(address)
  if (!valid) return [`must be a valid ${addressType} address`]
  const range = ipaddr.parse(address).range()
  if (range === 'unspecified') return [`may not be unspecified (${address})`]
  if (range === 'loopback') {
    return [
      addressType === 'IPv4'
        ? 'may not be in the loopback range (127.0.0.0/8, ::1/128)'
        : 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ]
  }
  if (range === 'linkLocal') {
    return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']
  }
  return []
}

function validatePorts(ports: Json[]): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  if (ports.length > MAX_PORTS) errors.push(tooMany('ports', ports.length, MAX_PORTS))
  ports.forEach((port, index) => {
    const path = `ports[${index}]`
    if (names.has(port.name)) errors.push(field.duplicate(`${path}.name`, port.name))
    names.add(port.name)
    if (port.name !== '') {
      const texts = dns1123Label(port.name)
      errors.push(...texts.map((text) => field.invalid(`${path}.name`, port.name, text)))
    }
    if (!PROTOCOLS.includes(port.protocol)) {
      errors.push(field.notSupported(`${path}.protocol`, port.protocol, PROTOCOLS))
    }
    if (port.port !== undefined) {
      const texts = portNumber(port.port)
      errors.push(...texts.map((text) => field.invalid(`${path}.port`, port.port, text)))
    }
  })
  return errors
}

function tooMany(path: string, actual: number, max: number): FieldError {
  const text = `Too many: ${actual}: must have at most ${max} items`
  return { path, reason: 'FieldValueTooMany', text }
}
