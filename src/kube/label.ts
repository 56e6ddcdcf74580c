/** What a label's key and value may be, with apimachinery's words for what they may not. Empty where nothing is wrong. */

const KEY_FORMAT = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const KEY_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const KEY_FAULT = pattern(KEY_RULE, KEY_FORMAT, ['MyName', 'my.name', '123-abc'])
const VALUE_FORMAT = `(${KEY_FORMAT})?`
const VALUE_FAULT = pattern(
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
  VALUE_FORMAT,
  ['MyValue', 'my_value', '12345'],
)
const SUBDOMAIN_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN_FORMAT = `${SUBDOMAIN_LABEL}(\\.${SUBDOMAIN_LABEL})*`
const SUBDOMAIN_FAULT = pattern(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN_FORMAT,
  ['example.com'],
)
const MAX_LABEL_OCTETS = 63
const MAX_SUBDOMAIN_OCTETS = 253

const KEY = new RegExp(`^${KEY_FORMAT}$`)
const VALUE = new RegExp(`^${VALUE_FORMAT}$`)
const SUBDOMAIN = new RegExp(`^${SUBDOMAIN_FORMAT}$`)

export function labelKeyFaults(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [
      `a valid label key ${KEY_FAULT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const name = parts[parts.length - 1]!
  const faults = parts.length === 2 ? prefixFaults(parts[0]!) : []
  if (name === '') faults.push('name part must be non-empty')
  else if (octets(name) > MAX_LABEL_OCTETS) faults.push(`name part ${tooLong(MAX_LABEL_OCTETS)}`)
  if (!KEY.test(name)) faults.push(`name part ${KEY_FAULT}`)
  return faults
}

export function labelValueFaults(value: string): string[] {
  const faults: string[] = []
  if (octets(value) > MAX_LABEL_OCTETS) faults.push(tooLong(MAX_LABEL_OCTETS))
  if (!VALUE.test(value)) faults.push(VALUE_FAULT)
  return faults
}

/** A text in quotes as Go's `%q` has it, for what an operator may type. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][0-9a-f])|\x7f/g, (_all, hex?: string) =>
    hex === '07' ? '\\a' : hex === '0b' ? '\\v' : `\\x${hex ?? '7f'}`,
  )
}

function prefixFaults(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty']
  const faults: string[] = []
  if (octets(prefix) > MAX_SUBDOMAIN_OCTETS) {
    faults.push(`prefix part ${tooLong(MAX_SUBDOMAIN_OCTETS)}`)
  }
  if (!SUBDOMAIN.test(prefix)) faults.push(`prefix part ${SUBDOMAIN_FAULT}`)
  return faults
}

function tooLong(bound: number): string {
  return `must be no more than ${bound} bytes`
}

function pattern(rule: string, format: string, examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}'`).join(',  or ')
  return `${rule} (e.g. ${shown}, regex used for validation is '${format}')`
}

function octets(text: string): number {
  return Buffer.byteLength(text)
}
