import type { ServerResponse } from 'node:http'
import {
  type ListOptions,
  listOptions,
  listPage,
  type Page,
  parseOneRevision,
  tooLarge,
} from './list.ts'
import { type Form, negotiate } from './negotiate.ts'
import type { Resource } from './resources.ts'
import type { Route } from './route.ts'
import { scaleOf } from './scale.ts'
import { pinnedName } from './selectors.ts'
import { type ApiRequest, type ServerContext, sendJson } from './server.ts'
import { badRequest, methodNotAllowed } from './status.ts'
import { jsonOf } from './storage.ts'
import { type IncludeObject, partial, table } from './tables.ts'
import type { ApiObject, Json } from './types.ts'
import { startWatch, type WatchSink } from './watch.ts'

/** A watch whose client has left so many octets unread is ended: it has to list again. */
export const MAX_WATCH_BACKLOG_OCTETS = 64 * 1024 * 1024

/** GET of an object, a list or a watch. */
export function read(
  context: ServerContext,
  request: ApiRequest,
  route: Route,
  response: ServerResponse,
): void {
  if (route.name !== '' && !request.query.has('watch')) {
    readOne(context, request, route, response)
    return
  }
  const options = listOptions(request.query)
  if (route.name !== '') {
    if (!options.watch) {
      readOne(context, request, route, response)
      return
    }
    pinName(options, route.name)
  }
  if (options.watch) watch(context, request, route, options, response)
  else list(context, request, route, options, response)
}

function readOne(
  context: ServerContext,
  request: ApiRequest,
  route: Route,
  response: ServerResponse,
): void {
  if (route.subresource === 'finalize') throw methodNotAllowed()
  const form = negotiate(request.accept, ['table', 'partial'])
  const { storage } = context.registry
  const asked = parseOneRevision(request.query.get('resourceVersion') ?? '')
  if (asked > storage.revision) throw tooLarge(asked, storage.revision)
  const object = context.registry.get(route.resource, route.namespace, route.name)
  if (route.subresource === 'scale') sendJson(response, 200, scaleOf(object))
  else sendJson(response, 200, written(context, request, route.resource, object, form))
}

/** An object in the form that was asked for. */
export function written(
  context: ServerContext,
  request: ApiRequest,
  resource: Resource,
  object: ApiObject,
  form: Form,
): string | Json {
  if (form === 'partial') return partial(object)
  if (form !== 'table') return jsonOf(object)
  const { resourceVersion } = object.metadata
  return table(resource, [object], { resourceVersion }, included(request), context.clock)
}

function list(
  context: ServerContext,
  request: ApiRequest,
  { resource, namespace }: Route,
  options: ListOptions,
  response: ServerResponse,
): void {
  const form = negotiate(request.accept, ['table', 'partialList'])
  const page = listPage(context.registry.storage, resource, namespace, options)
  const metadata = listMetadata(page)
  if (form === 'table') {
    const rows = table(resource, page.items, metadata, included(request), context.clock)
    sendJson(response, 200, rows)
    return
  }
  if (form === 'partialList') {
    const items = page.items.map(partial)
    const kind = 'PartialObjectMetadataList'
    sendJson(response, 200, { kind, apiVersion: 'meta.k8s.io/v1', metadata, items })
    return
  }
  sendJson(response, 200, listText(resource, page))
}

/** A page as the text of a list of its kind. */
export function listText(resource: Resource, page: Page): string {
  const { apiVersion, kind } = resource
  const head = JSON.stringify({ kind: `${kind}List`, apiVersion, metadata: listMetadata(page) })
  const items = page.items.map((object) => itemText(resource, object)).join(',')
  return `${head.slice(0, -1)},"items":[${items}]}`
}

/** Items of the built-in lists carry no kind of their own (Go leaves an inlined empty TypeMeta out). */
function itemText(resource: Resource, object: ApiObject): string {
  const text = jsonOf(object)
  if (resource.group === 'multicluster.x-k8s.io') return text
  const prefix = `{"kind":"${resource.kind}","apiVersion":"${resource.apiVersion}",`
  if (text.startsWith(prefix)) return `{${text.slice(prefix.length)}`
  const { apiVersion, kind, ...rest } = object
  return JSON.stringify(rest)
}

function listMetadata(page: Page): Json {
  const metadata: Json = { resourceVersion: String(page.revision) }
  if (page.continue !== '') metadata.continue = page.continue
  if (page.remaining !== undefined) metadata.remainingItemCount = page.remaining
  return metadata
}

function watch(
  context: ServerContext,
  request: ApiRequest,
  { resource, namespace }: Route,
  options: ListOptions,
  response: ServerResponse,
): void {
  const form = negotiate(request.accept, ['table', 'partial'])
  const sink = watchSink(context, request, resource, form, response)
  const { storage } = context.registry
  // Refusals (selectors, revisions that are none) come before the header, so they still have a status of their own.
  parseOneRevision(options.resourceVersion)
  const running = startWatch({ ...context, storage }, resource, namespace, options, sink)
  // The header goes out at once, also where no event follows.
  sink.begin()
  response.on('close', () => running.stop())
}

function watchSink(
  context: ServerContext,
  request: ApiRequest,
  resource: Resource,
  form: Form,
  response: ServerResponse,
): WatchSink & { begin(): void } {
  let columnsSent = false
  let open = false
  const begin = () => {
    if (open) return
    open = true
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
  }
  const shown = (type: string, object: ApiObject | Json): string => {
    if (type === 'ERROR' || type === 'BOOKMARK' || form === 'object') return jsonOf(object)
    if (form === 'partial') return JSON.stringify(partial(object))
    const { resourceVersion } = object.metadata
    const include = included(request)
    const first = !columnsSent
    columnsSent = true
    return JSON.stringify(
      table(resource, [object], { resourceVersion }, include, context.clock, first),
    )
  }
  return {
    begin,
    event(type, object) {
      begin()
      response.write(`{"type":"${type}","object":${shown(type, object)}}\n`)
      return response.writableLength <= MAX_WATCH_BACKLOG_OCTETS
    },
    end() {
      begin()
      response.end()
    },
  }
}

function included(request: ApiRequest): IncludeObject {
  const word = request.query.get('includeObject') ?? 'Metadata'
  if (word === 'None' || word === 'Metadata' || word === 'Object') return word
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(word)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

function pinName(options: ListOptions, name: string): void {
  const pinned = pinnedName(options.fieldSelector)
  if (pinned !== undefined && pinned !== name) {
    throw badRequest("field metadata.name doesn't match requested name")
  }
  const term = `metadata.name=${name}`
  options.fieldSelector = options.fieldSelector === '' ? term : `${options.fieldSelector},${term}`
}
