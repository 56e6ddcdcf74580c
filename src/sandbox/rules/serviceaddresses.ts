/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy of a Service: kept in step with each other, and validated. */
import { isIpv4, looseIp } from '../addresses.ts'
import { equal } from '../patch.ts'
import { type FieldError, field, invalidEach, oneOf } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'

const FAMILIES = ['IPv4', 'IPv6']
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const CHANGED = 'may not change once set'

/** Clients may write clusterIP alone, and leave out what was allocated; an alias keeps none of it. */
export function keepInStep(service: ApiObject, old: ApiObject | undefined): void {
  const { spec } = service
  const before: Json = old?.spec ?? {}
  const addressed = (one: Json) => one.type !== 'ExternalName'
  if (old === undefined) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    return
  }
  const same = (member: string) => equal(spec[member], before[member])
  const stays = addressed(before) && addressed(spec)
  if (stays) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP
    if (!spec.clusterIPs?.length && before.clusterIPs?.length) spec.clusterIPs = before.clusterIPs
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy
    spec.ipFamilies ??= before.ipFamilies
  }
  // Who writes one of the two means both.
  if (!same('clusterIP') && same('clusterIPs')) {
    if (before.clusterIP && !spec.clusterIP) delete spec.clusterIPs
    else if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  }
  if (stays) release(spec, before)
  if (!addressed(before) || addressed(spec)) return
  if (same('clusterIPs')) for (const member of ['clusterIP', 'clusterIPs']) delete spec[member]
  for (const member of ['ipFamilies', 'ipFamilyPolicy']) if (same(member)) delete spec[member]
}

/** SingleStack alone says clearly enough that the second address goes. */
function release(spec: Json, before: Json): void {
  if (spec.ipFamilyPolicy !== 'SingleStack') return
  for (const member of ['clusterIPs', 'ipFamilies']) {
    if (spec[member]?.length > 1 && equal(spec[member], before[member])) {
      spec[member] = spec[member].slice(0, 1)
    }
  }
}

/** Primary addresses and families stay what they are, unless the Service was or becomes an alias. */
export function changedAddresses(spec: Json, before: Json): FieldError[] {
  if ([spec.type, before.type].includes('ExternalName')) return []
  const none = (one: Json) => one.clusterIP === 'None'
  if (none(spec) && none(before)) return []
  const errors = changedList('clusterIPs', spec, before)
  if (none(spec) === none(before)) errors.push(...changedList('ipFamilies', spec, before))
  return errors
}

function changedList(member: 'clusterIPs' | 'ipFamilies', spec: Json, before: Json): FieldError[] {
  const [now, then]: [string[], string[]] = [spec[member] ?? [], before[member] ?? []]
  const errors: FieldError[] = []
  const same = now.length === then.length
  then.forEach((one, index) => {
    if ((index > 0 && !same) || now.length === 0 || one === now[index]) return
    const at = member === 'clusterIPs' ? index : 0
    errors.push(field.invalid(`spec.${member}[${at}]`, now, CHANGED))
  })
  if (then.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const what = member === 'clusterIPs' ? 'clusterIP' : 'ipFamily'
    const text = `must be set to 'SingleStack' when releasing the secondary ${what}`
    errors.push(field.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, text))
  }
  return errors
}

export function validateAddresses(spec: Json): FieldError[] {
  if (spec.type === 'ExternalName') return []
  const addresses: string[] = spec.clusterIPs ?? []
  const families: string[] = spec.ipFamilies ?? []
  const errors: FieldError[] = []
  if (spec.clusterIP && addresses[0] !== spec.clusterIP) {
    errors.push(field.invalid('spec.clusterIPs', addresses, 'first value must match `clusterIP`'))
  } else if (!spec.clusterIP && addresses.length > 0) {
    const text = 'must be empty when `clusterIP` is not specified'
    errors.push(field.invalid('spec.clusterIPs', addresses, text))
  }
  families.forEach((family, index) => {
    const path = `spec.ipFamilies[${index}]`
    errors.push(...oneOf(path, family, FAMILIES))
    if (families.indexOf(family) < index) errors.push(field.duplicate(path, family))
  })
  if (spec.ipFamilyPolicy !== undefined) {
    errors.push(...oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, FAMILY_POLICIES))
  }
  const malformed = malformedAddresses(addresses)
  if (addresses.length > 2) {
    malformed.push(field.invalid('spec.clusterIPs', addresses, 'may only hold up to 2 values'))
  }
  errors.push(...malformed)
  return malformed.length > 0 ? errors : [...errors, ...mismatches(addresses, families)]
}

function malformedAddresses(addresses: string[]): FieldError[] {
  return addresses.flatMap((address, index) => {
    if (index > 0 || address !== 'None') {
      return invalidEach(`spec.clusterIPs[${index}]`, address, looseIp(address))
    }
    if (addresses.length === 1) return []
    return [field.invalid('spec.clusterIPs', addresses, "'None' must be the first and only value")]
  })
}

function mismatches(addresses: string[], families: string[]): FieldError[] {
  const errors: FieldError[] = []
  const found = addresses.map((one) => (isIpv4(one) ? 'IPv4' : 'IPv6'))
  if (addresses.length > 1 && found[0] === found[1]) {
    const text = 'may specify no more than one IP for each IP family'
    errors.push(field.invalid('spec.clusterIPs', addresses, text))
  }
  if (addresses[0] === 'None') return errors
  addresses.forEach((address, index) => {
    const family = families[index]
    if (family === undefined || !FAMILIES.includes(family) || family === found[index]) return
    const text = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``
    errors.push(field.invalid(`spec.clusterIPs[${index}]`, address, text))
  })
  return errors
}
