/** Names and labels as apimachinery's util/validation has them; each function returns the texts of what is wrong. */

const DNS1123_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const DNS1123_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const DNS1035_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const DNS1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

/** RFC 1123 label: namespaces, Pod hostnames. */
export function dns1123Label(value: string): string[] {
  const subdomain = DNS1123_SUBDOMAIN.test(value)
  return check(value, 63, DNS1123_LABEL, subdomain ? 'must not contain dots' : LABEL_TEXT)
}

/** RFC 1123 subdomain: names of most objects. */
export function dns1123Subdomain(value: string): string[] {
  return check(value, 253, DNS1123_SUBDOMAIN, SUBDOMAIN_TEXT)
}

/** RFC 1035 label: names of Services. */
export function dns1035Label(value: string): string[] {
  return check(value, 63, DNS1035_LABEL, DNS1035_TEXT)
}

/** A container port's name (IANA_SVC_NAME). */
export function portName(value: string): string[] {
  const errors: string[] = []
  if (value.length > 15) errors.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)')
  if (value.includes('--')) errors.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-'))
    errors.push('must not begin or end with a hyphen')
  return errors
}

export function portNumber(value: unknown): string[] {
  const ok = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535
  return ok ? [] : ['must be between 1 and 65535, inclusive']
}

/** The key of a label or annotation: `[prefix/]name`. */
export function qualifiedName(value: string): string[] {
  const slash = value.indexOf('/')
  const name = value.slice(slash + 1)
  const errors: string[] = []
  if (slash === 0) errors.push('prefix part must be non-empty')
  if (slash > 0) {
    const wrong = dns1123Subdomain(value.slice(0, slash).toLowerCase())
    errors.push(...wrong.map((text) => `prefix part ${text}`))
  }
  if (name === '') errors.push('name part must be non-empty')
  if (name.length > 63) errors.push('name part must be no more than 63 bytes')
  if (!QUALIFIED_NAME.test(name)) errors.push(QUALIFIED_TEXT)
  return errors
}

export function labelValue(value: string): string[] {
  const errors: string[] = []
  if (value.length > 63) errors.push('must be no more than 63 bytes')
  if (value !== '' && !QUALIFIED_NAME.test(value)) errors.push(VALUE_TEXT)
  return errors
}

function check(value: string, max: number, pattern: RegExp, text: string): string[] {
  const errors: string[] = []
  if (value.length > max) errors.push(`must be no more than ${max} characters`)
  if (!pattern.test(value)) errors.push(text)
  return errors
}
