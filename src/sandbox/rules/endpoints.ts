import { endpointIp, looseIp } from '../addresses.ts'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../names.ts'
import { type FieldError, field, invalidEach, oneOf } from '../status.ts'
import type { Json } from '../types.ts'
import type { Rules } from './rules.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** core/v1 Endpoints. */
export const endpointsRules: Rules = {
  defaults(endpoints) {
    for (const subset of endpoints.subsets ?? []) {
      for (const port of subset.ports ?? []) port.protocol ??= 'TCP'
    }
  },
  validate(endpoints) {
    const subsets: Json[] = endpoints.subsets ?? []
    return subsets.flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`))
  },
}

function validateSubset(subset: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset
  if (addresses.length + notReadyAddresses.length === 0) {
    errors.push(field.required(path, 'must specify `addresses` or `notReadyAddresses`'))
  }
  for (const member of ['addresses', 'notReadyAddresses']) {
    ;(subset[member] ?? []).forEach((address: Json, index: number) => {
      errors.push(...validateAddress(address, `${path}.${member}[${index}]`))
    })
  }
  ports.forEach((port: Json, index: number) => {
    errors.push(...validatePort(port, `${path}.ports[${index}]`, ports.length > 1))
  })
  return errors
}

function validateAddress({ ip = '', hostname, nodeName }: Json, path: string): FieldError[] {
  const wrong = looseIp(ip)
  // The address is looked at twice by the API server, too.
  const texts = wrong.length > 0 ? [...wrong, 'must be a valid IP address'] : endpointIp(ip)
  const errors = invalidEach(`${path}.ip`, ip, texts)
  if (hostname) errors.push(...invalidEach(`${path}.hostname`, hostname, dns1123Label(hostname)))
  if (nodeName)
    errors.push(...invalidEach(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)))
  return errors
}

function validatePort(port: Json, path: string, several: boolean): FieldError[] {
  const { name, protocol, appProtocol } = port
  const errors: FieldError[] = []
  if (!name) {
    if (several) errors.push(field.required(`${path}.name`))
  } else errors.push(...invalidEach(`${path}.name`, name, dns1123Label(name)))
  const number = port.port ?? 0
  errors.push(...invalidEach(`${path}.port`, number, portNumber(number)))
  errors.push(...oneOf(`${path}.protocol`, protocol, PROTOCOLS))
  if (appProtocol !== undefined) {
    errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol)))
  }
  return errors
}
