import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse as parseYaml } from 'yaml'
import type { Clock } from './clock.ts'
import { refuseContainers } from './containers.ts'
import { answerDiscovery } from './documents.ts'
import type { Faults, RequestFacts } from './faults.ts'
import { readBody } from './http.ts'
import { negotiate } from './negotiate.ts'
import { decodeProtobuf, PROTOBUF_TYPE } from './protobuf.ts'
import { read } from './reading.ts'
import type { Registry } from './registry.ts'
import { type Route, routeOf } from './route.ts'
import { ApiError, badRequest, unknownResource } from './status.ts'
import type { Json } from './types.ts'
import { write } from './writing.ts'

export interface ServerContext {
  registry: Registry
  clock: Clock
  faults: Faults
  random: () => number
  bookmarkIntervalMs: number
  /** Without it everybody may do everything. */
  token?: string
  /** Told of errors that are bugs of this server. */
  onError: (error: unknown) => void
}

/** One request of the API, with its query, and the body as JSON. */
export interface ApiRequest {
  method: string
  path: string
  query: URLSearchParams
  accept: string | undefined
  userAgent: string
  contentType: string
  body: Json
}

/** Answers requests of the Kubernetes API. */
export function apiHandler(context: ServerContext) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(context, request, response).catch((error: unknown) => {
      refuse(response, asApiError(context, error))
    })
  }
}

/** Sends a value as JSON, with the warnings that came up on the way. */
export function sendJson(
  response: ServerResponse,
  code: number,
  body: string | Json,
  warnings: string[] = [],
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(text))
  if (warnings.length > 0) {
    const quoted = warnings.map((one) => `299 - ${JSON.stringify(one)}`)
    response.setHeader(
      'Warning',
      quoted.map((one) => one.replace(/[^\x20-\x7e]/g, '?')),
    )
  }
  response.writeHead(code)
  response.end(text)
}

async function answer(
  context: ServerContext,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(message.url ?? '/', 'http://api')
  response.setHeader('Cache-Control', 'no-cache, private')
  const route = routeOf(url.pathname)
  const facts = factsOf(message, url, route)
  if (await suffered(context, facts, message, response)) return
  authenticate(context, message)
  const body = await readBody(message)
  if (body === undefined) throw tooLarge()
  const request: ApiRequest = {
    method: message.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    accept: message.headers.accept,
    userAgent: message.headers['user-agent'] ?? '',
    contentType: (message.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '',
    body: undefined,
  }
  if (route === undefined) {
    refuseContainers(context.registry, url.pathname)
    if (!answerDiscovery(request, response)) throw unknownResource()
    return
  }
  if (request.method === 'GET') {
    read(context, request, route, response)
    return
  }
  negotiate(request.accept, ['table', 'partial'])
  request.body = parseBody(body, request.contentType)
  write(context, request, route, response)
}

function factsOf(message: IncomingMessage, url: URL, route: Route | undefined): RequestFacts {
  const path = url.pathname
  if (route === undefined) return { verb: 'get', resource: '', path }
  const resource = route.resource.plural
  const collection = route.name === ''
  switch (message.method) {
    case 'POST':
      return { verb: 'create', resource, path }
    case 'PUT':
      return { verb: 'update', resource, path }
    case 'PATCH':
      return { verb: 'patch', resource, path }
    case 'DELETE':
      return { verb: collection ? 'deletecollection' : 'delete', resource, path }
    default: {
      const watch = !['', 'false', '0'].includes(url.searchParams.get('watch') ?? '')
      return { verb: watch ? 'watch' : collection ? 'list' : 'get', resource, path }
    }
  }
}

/** True where an ordered fault has answered (or closed) the request. */
async function suffered(
  context: ServerContext,
  facts: RequestFacts,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const fault = context.faults.requestFault(facts)
  if (fault === undefined) return false
  if (fault.delayMs !== undefined) {
    const delayMs = fault.delayMs
    await new Promise<void>((resolve) => context.clock.after(delayMs, resolve))
  }
  if (fault.reset === true) {
    message.socket.destroy()
    return true
  }
  if (fault.code === undefined) return false
  message.resume()
  refuse(response, faultError(fault.code, fault.retryAfterSeconds))
  return true
}

const FAULT_REASONS: Record<number, [string, string]> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden by an ordered fault'],
  410: ['Expired', 'The resourceVersion for the provided list is too old.'],
  429: ['TooManyRequests', 'too many requests, please try again later'],
  500: ['InternalError', 'Internal error occurred: an ordered fault'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the request timed out'],
}

function faultError(code: number, retryAfterSeconds: number | undefined): ApiError {
  const [reason, text] = FAULT_REASONS[code] ?? ['InternalError', 'an ordered fault']
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return new ApiError(code, reason, text, details)
}

function authenticate(context: ServerContext, message: IncomingMessage): void {
  if (context.token === undefined) return
  if (message.headers.authorization === `Bearer ${context.token}`) return
  throw new ApiError(401, 'Unauthorized', 'Unauthorized')
}

function parseBody(body: Buffer, contentType: string): Json {
  if (body.length === 0) return undefined
  if (contentType === PROTOBUF_TYPE) return decodeProtobuf(body)
  if (!READABLE.test(contentType)) throw unsupportedMediaType()
  const text = body.toString()
  try {
    return contentType.includes('yaml') ? parseYaml(text) : JSON.parse(text)
  } catch (error) {
    throw badRequest(`error decoding the body: ${(error as Error).message}`)
  }
}

/** JSON and YAML, and what is written in them (patches); nothing said is JSON. */
const READABLE = /^$|[/+](?:json|yaml)$/

function unsupportedMediaType(): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  )
}

function tooLarge(): ApiError {
  return new ApiError(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728')
}

function refuse(response: ServerResponse, error: ApiError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status } = error
  const retry = status.details?.retryAfterSeconds
  if (retry !== undefined) response.setHeader('Retry-After', String(retry))
  if (status.code === 405) response.setHeader('Allow', 'GET, POST, PUT, PATCH, DELETE')
  sendJson(response, status.code, status)
}

function asApiError(context: ServerContext, error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if ((error as NodeJS.ErrnoException)?.code !== 'ECONNRESET') context.onError(error)
  const text = `Internal error occurred: ${(error as Error)?.message ?? String(error)}`
  return new ApiError(500, 'InternalError', text)
}
