import type { Resource } from './resources.ts'
import { matcher, pinnedName } from './selectors.ts'
import { ApiError, badRequest, expired, type FieldError, field, invalid } from './status.ts'
import type { Storage } from './storage.ts'
import type { ApiObject } from './types.ts'

/** The query of a list or watch (metav1.ListOptions). */
export interface ListOptions {
  labelSelector: string
  fieldSelector: string
  resourceVersion: string
  resourceVersionMatch: string
  limit: number
  continue: string
  watch: boolean
  allowWatchBookmarks: boolean
  /** undefined: not asked. */
  sendInitialEvents?: boolean
  timeoutSeconds?: number
}

export interface Page {
  items: ApiObject[]
  revision: number
  continue: string
  /** Only known without selectors. */
  remaining?: number
}

/** ListOptions from a query string. Throws ApiError 400 where a number or boolean is none. */
export function listOptions(query: URLSearchParams): ListOptions {
  const options: ListOptions = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: integer(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    watch: truth(query.get('watch')),
    allowWatchBookmarks: truth(query.get('allowWatchBookmarks')),
  }
  if (query.has('sendInitialEvents')) {
    options.sendInitialEvents = truth(query.get('sendInitialEvents'))
  }
  const timeout = integer(query, 'timeoutSeconds')
  if (timeout !== undefined) options.timeoutSeconds = timeout
  const errors = options.watch ? watchErrors(options) : listErrors(options)
  if (errors.length > 0) throw invalid('meta.k8s.io', 'ListOptions', '', errors)
  return options
}

/**
 * One page of a list. Pages of one list show one state: the token names its revision.
 *
 * @throws ApiError 410 when that state is forgotten, 504 when the revision asked for lies ahead
 */
export function listPage(
  storage: Storage,
  resource: Resource,
  namespace: string,
  options: ListOptions,
): Page {
  const token = options.continue === '' ? undefined : readToken(options.continue)
  const revision = token === undefined ? startRevision(storage, options) : token.revision
  const all = snapshot(storage, resource, revision, token)
  const match = matcher(resource.kind, options.labelSelector, options.fieldSelector)
  const name = pinnedName(options.fieldSelector)
  const items: ApiObject[] = []
  for (const object of all) {
    if (namespace !== '' && object.metadata.namespace !== namespace) continue
    if (name !== undefined && object.metadata.name !== name) continue
    if (token !== undefined && keyOf(object) < token.start) continue
    if (match(object)) items.push(object)
  }
  const shown = revision === LATEST ? storage.revision : revision
  return cut(items, shown, options)
}

/** A revision in a query. Throws ApiError 400 where the text is no number. */
export function parseRevision(text: string): number {
  if (text === '') return 0
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw badRequest(`invalid resource version: ${notRevision(text)}`)
}

/** The same where one object or a watch is asked for, with the API server's own code for it. */
export function parseOneRevision(text: string): number {
  if (/^\d{0,15}$/.test(text)) return Number(text)
  throw new ApiError(500, '', notRevision(text))
}

function notRevision(text: string): string {
  return `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`
}

/** 504, as clients know it from a server that has not caught up. */
export function tooLarge(asked: number, current: number): ApiError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]
  return new ApiError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes,
      retryAfterSeconds: 1,
    },
  )
}

/** The state as it is, whatever its revision. */
const LATEST = -1

interface Token {
  revision: number
  /** The first key of the next page: `namespace/name`, and octet zero after the last one given. */
  start: string
}

function snapshot(
  storage: Storage,
  resource: Resource,
  revision: number,
  token: Token | undefined,
): readonly ApiObject[] {
  if (revision === LATEST) return storage.list(resource)
  if (token !== undefined && revision < storage.compacted) {
    const error = expired(CONTINUE_EXPIRED)
    error.status.metadata.continue = writeToken({ revision: LATEST, start: token.start })
    throw error
  }
  return storage.listAt(resource, revision)
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** resourceVersion and resourceVersionMatch: Kubernetes API concepts, "Semantics for get and list". */
function startRevision(storage: Storage, options: ListOptions): number {
  const asked = parseRevision(options.resourceVersion)
  if (asked > storage.revision) throw tooLarge(asked, storage.revision)
  const exact =
    options.resourceVersionMatch === 'Exact' ||
    (options.resourceVersionMatch === '' && options.limit > 0 && asked > 0)
  return exact ? asked : LATEST
}

function cut(items: ApiObject[], revision: number, options: ListOptions): Page {
  if (options.limit <= 0 || items.length <= options.limit) return { items, revision, continue: '' }
  const shown = items.slice(0, options.limit)
  const last = shown.at(-1)
  const start = last === undefined ? '' : `${keyOf(last)}\0`
  const page: Page = { items: shown, revision, continue: writeToken({ revision, start }) }
  if (options.labelSelector === '' && options.fieldSelector === '') {
    page.remaining = items.length - shown.length
  }
  return page
}

function keyOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function writeToken(token: Token): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: token.revision, start: token.start })
  return Buffer.from(text).toString('base64url')
}

function readToken(text: string): Token {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (v === 'meta.k8s.io/v1' && Number.isInteger(rv) && typeof start === 'string') {
      return { revision: rv, start }
    }
  } catch {
    // Falls to the refusal below: not base64 of JSON is as wrong as the wrong JSON.
  }
  throw badRequest(
    'invalid continue token: continue key is not valid: incorrect encoded start key (version meta.k8s.io/v1)',
  )
}

function listErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = []
  const match = options.resourceVersionMatch
  if (match !== '') {
    if (options.resourceVersion === '') {
      const text = 'resourceVersionMatch is forbidden unless resourceVersion is provided'
      errors.push(field.forbidden('resourceVersionMatch', text))
    }
    if (options.continue !== '') {
      const text = 'resourceVersionMatch is forbidden when continue is provided'
      errors.push(field.forbidden('resourceVersionMatch', text))
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(field.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
    }
    if (match === 'Exact' && options.resourceVersion === '0') {
      const text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
      errors.push(field.forbidden('resourceVersionMatch', text))
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(field.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  if (options.continue !== '' && !['', '0'].includes(options.resourceVersion)) {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  return errors
}

function watchErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = []
  const match = options.resourceVersionMatch
  if (options.sendInitialEvents === undefined) {
    if (match !== '') {
      const text =
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'
      errors.push(field.forbidden('resourceVersionMatch', text))
    }
  } else if (match !== 'NotOlderThan') {
    const text = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
    errors.push(field.forbidden('resourceVersionMatch', text))
    if (match !== '') {
      errors.push(field.notSupported('resourceVersionMatch', match, ['NotOlderThan']))
    }
  }
  return errors
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^-?\d{1,15}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  }
  return Number(text)
}

/** Booleans of a query as Kubernetes reads them: there is true, unless it says false or 0. */
function truth(text: string | null): boolean {
  return text !== null && !['false', '0'].includes(text.toLowerCase())
}
