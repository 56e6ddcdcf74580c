import { type ApiError, badRequest } from './status.ts'
import type { ApiObject, Json } from './types.ts'

type Labels = Record<string, string>

/** One term of a label selector; all terms must hold. */
export interface Requirement {
  key: string
  operator: 'in' | 'notin' | 'exists' | '!'
  values: string[]
}

export type Matcher = (object: ApiObject) => boolean

/**
 * A label selector in its query form: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 *
 * @throws ApiError 400 where the text is none
 */
export function parseLabelSelector(text: string): Requirement[] {
  const terms = splitTerms(text)
  return terms.map((term) => parseTerm(term, text))
}

export function matchesLabels(requirements: Requirement[], labels: Labels | undefined): boolean {
  return requirements.every((one) => holds(one, labels?.[one.key]))
}

/** metav1.LabelSelector (matchLabels, matchExpressions) as requirements. */
export function requirementsOf(selector: Json): Requirement[] {
  const equal = Object.entries((selector?.matchLabels ?? {}) as Labels)
  const terms: Requirement[] = equal.map(([key, value]) => ({
    key,
    operator: 'in',
    values: [value],
  }))
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const word = OPERATORS[operator as string]
    if (word !== undefined) terms.push({ key, operator: word, values: values ?? [] })
  }
  return terms
}

/** spec.selector of a Service: plain equality; an empty one selects nothing here. */
export function matchesSelectorMap(selector: Labels | undefined, labels: Labels | undefined) {
  const terms = Object.entries(selector ?? {})
  return terms.length > 0 && terms.every(([key, value]) => labels?.[key] === value)
}

/** What a LabelSelector prints as in kubectl's columns and in the scale subresource. */
export function selectorText(selector: Json): string {
  return requirementsOf(selector)
    .map((one) => {
      if (one.operator === 'exists') return one.key
      if (one.operator === '!') return `!${one.key}`
      if (one.operator === 'in' && one.values.length === 1) return `${one.key}=${one.values[0]}`
      return `${one.key} ${one.operator} (${[...one.values].sort().join(',')})`
    })
    .sort()
    .join(',')
}

/** Both selectors of a list or watch as one predicate. */
export function matcher(kind: string, labels: string, fields: string): Matcher {
  const requirements = parseLabelSelector(labels)
  const terms = parseFieldSelector(kind, fields)
  if (requirements.length === 0 && terms.length === 0) return () => true
  return (object) =>
    matchesLabels(requirements, object.metadata.labels) &&
    terms.every((term) => (fieldValue(object, term.path) === term.value) === term.equal)
}

/** The name that a field selector pins, if it pins one: `metadata.name=web`. */
export function pinnedName(fields: string): string | undefined {
  return /(?:^|,)metadata\.name==?([^,]*)/.exec(fields)?.[1]
}

const OPERATORS: Record<string, Requirement['operator']> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

const KEY =
  /^(?:[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '(') depth++
    else if (char === ')') depth--
    if (char !== undefined && (char !== ',' || depth > 0)) continue
    if (text.slice(from, at).trim() !== '') terms.push(text.slice(from, at).trim())
    from = at + 1
  }
  return terms
}

function parseTerm(term: string, text: string): Requirement {
  const requirement = readTerm(term)
  if (requirement === undefined) {
    throw badRequest(`unable to parse requirement: couldn't parse the selector string "${text}"`)
  }
  if (!KEY.test(requirement.key)) {
    throw badRequest(`unable to parse requirement: key: Invalid value: "${requirement.key}"`)
  }
  const wrong = requirement.values.find((value) => !VALUE.test(value))
  if (wrong !== undefined) {
    throw badRequest(
      `unable to parse requirement: values[0][${requirement.key}]: Invalid value: "${wrong}"`,
    )
  }
  return requirement
}

function readTerm(term: string): Requirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(term)
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return { key: set[1] ?? '', operator: set[2] as 'in' | 'notin', values }
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(term)
  if (equality !== null) {
    const operator = equality[2] === '!=' ? 'notin' : 'in'
    return { key: equality[1] ?? '', operator, values: [equality[3] ?? ''] }
  }
  const absent = /^!\s*([^\s=!]+)$/.exec(term)
  if (absent !== null) return { key: absent[1] ?? '', operator: '!', values: [] }
  return /^[^\s=!()]+$/.test(term) ? { key: term, operator: 'exists', values: [] } : undefined
}

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'in':
      return value !== undefined && requirement.values.includes(value)
    case 'notin':
      return value === undefined || !requirement.values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
  }
}

interface FieldTerm {
  path: string
  value: string
  equal: boolean
}

const FIELDS_OF_KIND: Record<string, string[]> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  Service: ['spec.clusterIP', 'spec.type'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  ReplicaSet: ['status.replicas'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
}

function parseFieldSelector(kind: string, text: string): FieldTerm[] {
  const allowed = ['metadata.name', 'metadata.namespace', ...(FIELDS_OF_KIND[kind] ?? [])]
  const terms = text.split(',').filter((term) => term.trim() !== '')
  return terms.map((term) => {
    const parts = /^\s*([^=!\s]+)\s*(!=|==|=)(.*)$/.exec(term)
    if (parts === null) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    }
    const path = parts[1] ?? ''
    if (!allowed.includes(path)) throw unknownField(kind, path)
    return { path, value: (parts[3] ?? '').trim(), equal: parts[2] !== '!=' }
  })
}

function unknownField(kind: string, path: string): ApiError {
  if (FIELDS_OF_KIND[kind] !== undefined) return badRequest(`field label not supported: ${path}`)
  return badRequest(
    `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

function fieldValue(object: ApiObject, path: string): string {
  if (path === 'source') return object.source?.component ?? object.reportingComponent ?? ''
  let value: Json = object
  for (const step of path.split('.')) value = value?.[step]
  if (value !== undefined && value !== null) return String(value)
  return path === 'spec.unschedulable' || path === 'spec.hostNetwork' ? 'false' : ''
}
