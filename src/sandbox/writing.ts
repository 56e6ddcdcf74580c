import type { ServerResponse } from 'node:http'
import type { FieldValidation } from './decode.ts'
import type { Deletion } from './deletion.ts'
import { listOptions, listPage } from './list.ts'
import { negotiate } from './negotiate.ts'
import { PATCH_TYPES, patched } from './patching.ts'
import { listText, written } from './reading.ts'
import type { WriteOptions } from './registry.ts'
import type { Route } from './route.ts'
import { scaleOf, withScale } from './scale.ts'
import { type ApiRequest, type ServerContext, sendJson } from './server.ts'
import { ApiError, field, invalid, methodNotAllowed, success } from './status.ts'
import type { ApiObject, Json } from './types.ts'

/** The name of a field manager may have so many octets. */
export const MAX_FIELD_MANAGER = 128

/** POST, PUT, PATCH and DELETE. */
export function write(
  context: ServerContext,
  request: ApiRequest,
  route: Route,
  response: ServerResponse,
): void {
  const warnings: string[] = []
  const options = writeOptions(request, warnings)
  const send = (code: number, object: ApiObject) => {
    const form = negotiate(request.accept, ['table', 'partial'])
    sendJson(response, code, written(context, request, route.resource, object, form), warnings)
  }
  const { registry } = context
  const { resource, namespace, name, subresource } = route
  if (request.method === 'POST' && name === '') {
    send(201, registry.create(resource, namespace, request.body, options))
  } else if (request.method === 'PUT' && name !== '') {
    const existed = registry.storage.get(resource, namespace, name) !== undefined
    const input = subresource === 'scale' ? scaled(context, route, request.body) : request.body
    const sub = subresource === '' || subresource === 'scale' ? undefined : subresource
    const object = registry.update(resource, namespace, name, input, options, sub)
    if (subresource === 'scale') sendJson(response, 200, scaleOf(object), warnings)
    else send(existed ? 200 : 201, object)
  } else if (request.method === 'PATCH' && name !== '') {
    patch(context, request, route, options, response, send)
  } else if (request.method === 'DELETE' && subresource === '') {
    remove(context, request, route, response)
  } else {
    throw methodNotAllowed()
  }
}

function patch(
  context: ServerContext,
  request: ApiRequest,
  route: Route,
  options: WriteOptions,
  response: ServerResponse,
  send: (code: number, object: ApiObject) => void,
): void {
  const { registry, clock } = context
  const { resource, namespace, name, subresource } = route
  const type = PATCH_TYPES[request.contentType]
  if (type === undefined) {
    throw new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  }
  if (subresource === 'finalize') throw methodNotAllowed()
  if (subresource === 'scale') {
    const scale = scaleOf(registry.get(resource, namespace, name)) as ApiObject
    const next = patched(resource, scale, { type, body: request.body }, options, clock)
    const input = scaled(context, route, next)
    sendJson(response, 200, scaleOf(registry.update(resource, namespace, name, input, options)))
    return
  }
  const sub = subresource === '' ? undefined : subresource
  const asked = { type, body: request.body }
  const { object, created } = registry.patch(resource, namespace, name, asked, options, sub)
  send(created ? 201 : 200, object)
}

function scaled(context: ServerContext, route: Route, scale: Json): ApiObject {
  const object = context.registry.get(route.resource, route.namespace, route.name)
  return withScale(route.resource, object, scale)
}

function remove(
  context: ServerContext,
  request: ApiRequest,
  route: Route,
  response: ServerResponse,
): void {
  const { registry } = context
  const { resource, namespace, name } = route
  const deletion = deletionOf(request)
  if (name !== '') {
    const object = registry.get(resource, namespace, name)
    const left = registry.remove(resource, namespace, name, deletion)
    const body = left ?? success(resource, name, object.metadata.uid ?? '')
    sendJson(response, 200, body)
    return
  }
  const page = listPage(registry.storage, resource, namespace, listOptions(request.query))
  for (const { metadata } of page.items) {
    const there = registry.storage.get(resource, metadata.namespace ?? '', metadata.name)
    if (there !== undefined) {
      registry.remove(resource, metadata.namespace ?? '', metadata.name, deletion)
    }
  }
  sendJson(response, 200, listText(resource, page))
}

function deletionOf(request: ApiRequest): Deletion {
  const { query } = request
  const body: Json = request.body ?? {}
  const deletion: Deletion = {}
  const grace = body.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined
  if (grace !== undefined) deletion.gracePeriodSeconds = Math.max(0, Number(grace))
  const policy = body.propagationPolicy ?? query.get('propagationPolicy') ?? undefined
  const orphan = body.orphanDependents ?? (query.get('orphanDependents') === 'true' || undefined)
  if (orphan === true) deletion.propagationPolicy = 'Orphan'
  else if (policy !== undefined) deletion.propagationPolicy = knownPolicy(policy)
  if (body.preconditions) deletion.preconditions = body.preconditions
  const dryRun: string[] = body.dryRun ?? query.getAll('dryRun')
  if (dryRun.some((one) => one !== 'All' && one !== '')) {
    throw badOption(request, 'dryRun', dryRun, ['All'])
  }
  if (dryRun.includes('All')) deletion.dryRun = true
  return deletion
}

function knownPolicy(word: string): NonNullable<Deletion['propagationPolicy']> {
  if (word === 'Orphan' || word === 'Background' || word === 'Foreground') return word
  const words = ['Foreground', 'Background', 'Orphan', 'nil']
  const wrong = field.notSupported('propagationPolicy', word, words)
  throw invalid('meta.k8s.io', 'DeleteOptions', '', [wrong])
}

function writeOptions(request: ApiRequest, warnings: string[]): WriteOptions {
  const { query } = request
  const options: WriteOptions = {
    fieldManager: query.get('fieldManager') ?? request.userAgent.split('/')[0] ?? 'unknown',
    force: query.get('force') === 'true',
    fieldValidation: knownValidation(request, query.get('fieldValidation') ?? 'Warn'),
    warn: (text) => warnings.push(text),
  }
  const manager = query.get('fieldManager') ?? ''
  if (manager.length > MAX_FIELD_MANAGER) {
    const wrong = field.tooLong('fieldManager', MAX_FIELD_MANAGER)
    throw invalid('meta.k8s.io', OPTIONS_KIND[request.method] ?? '', '', [wrong])
  }
  const dryRun = query.getAll('dryRun')
  if (dryRun.some((one) => one !== 'All' && one !== '')) {
    throw badOption(request, 'dryRun', dryRun, ['All'])
  }
  if (dryRun.includes('All')) options.dryRun = true
  if (request.contentType === 'application/apply-patch+yaml' && !query.get('fieldManager')) {
    delete options.fieldManager
  }
  return options
}

function knownValidation(request: ApiRequest, word: string): FieldValidation {
  if (word === '') return 'Warn'
  if (word === 'Strict' || word === 'Warn' || word === 'Ignore') return word
  throw badOption(request, 'fieldValidation', word, ['', 'Ignore', 'Strict', 'Warn'])
}

function badOption(request: ApiRequest, name: string, value: Json, words: string[]): ApiError {
  const kind = OPTIONS_KIND[request.method] ?? 'DeleteOptions'
  return invalid('meta.k8s.io', kind, '', [field.notSupported(name, value, words)])
}

const OPTIONS_KIND: Record<string, string> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
}
