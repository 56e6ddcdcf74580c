import { looseIp } from '../addresses.ts'
import { type FieldError, field, invalidEach, oneOf } from '../status.ts'
import type { Json } from '../types.ts'

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
/** pkg/apis/core/validation: limits of a dnsConfig. */
export const MAX_NAMESERVERS = 3
export const MAX_SEARCHES = 32
export const MAX_SEARCH_CHARACTERS = 2_048
const SEARCH = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/
const SEARCH_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"

/** dnsPolicy and dnsConfig of a PodSpec: what a Pod's resolv.conf is made of. */
export function validateDnsConfig({ dnsPolicy, dnsConfig }: Json, path: string): FieldError[] {
  const at = `${path}.dnsConfig`
  const errors = oneOf(`${path}.dnsPolicy`, dnsPolicy, DNS_POLICIES)
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {}
  if (dnsPolicy === 'None' && dnsConfig === undefined) {
    const text = 'must provide `dnsConfig` when `dnsPolicy` is None'
    return [...errors, field.required(at, text)]
  }
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    const text = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    errors.push(field.required(`${at}.nameservers`, text))
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    const text = `must not have more than ${MAX_NAMESERVERS} nameservers`
    errors.push(field.invalid(`${at}.nameservers`, nameservers, text))
  }
  nameservers.forEach((address: string, index: number) => {
    errors.push(...invalidEach(`${at}.nameservers[${index}]`, address, looseIp(address)))
  })
  errors.push(...validateSearches(searches, `${at}.searches`))
  options.forEach(({ name }: Json, index: number) => {
    if (!name) errors.push(field.required(`${at}.options[${index}]`, 'must not be empty'))
  })
  return errors
}

function validateSearches(searches: string[], path: string): FieldError[] {
  const errors: FieldError[] = []
  if (searches.length > MAX_SEARCHES) {
    const text = `must not have more than ${MAX_SEARCHES} search paths`
    errors.push(field.invalid(path, searches, text))
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const text = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`
    errors.push(field.invalid(path, searches, text))
  }
  searches.forEach((search, index) => {
    const name = search === '.' ? 'root' : search.replace(/\.$/, '')
    if (SEARCH.test(name)) return
    errors.push(field.invalid(`${path}[${index}]`, name, SEARCH_TEXT))
  })
  return errors
}
