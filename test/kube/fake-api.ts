import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** An object with the metadata that every object of Kubernetes has. */
export interface ApiObject {
  apiVersion?: string
  kind?: string
  metadata: {
    name: string
    namespace?: string
    resourceVersion?: string
    labels?: Record<string, string>
    [field: string]: unknown
  }
  [field: string]: unknown
}

interface Change {
  version: number
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: ApiObject
}

interface Watcher {
  response: ServerResponse
  resource: string
  /** Nothing more is sent, and the connection stays. */
  blackHoled: boolean
}

/** Over TLS: what the server's certificate is, and whether it speaks HTTP/2. It asks for certificates and takes any. */
export interface Secure {
  readonly key: Buffer
  readonly cert: Buffer
  readonly http2: boolean
}

/** What the server does instead of answering properly. Each takes requests of one resource until it says false. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean

const PATHS: Record<string, string> = {
  '/api/v1/services': 'services',
  '/api/v1/namespaces': 'namespaces',
  '/api/v1/pods': 'pods',
  '/apis/discovery.k8s.io/v1/endpointslices': 'endpointslices',
  '/apis/multicluster.x-k8s.io/v1alpha1/serviceimports': 'serviceimports',
}

/** A small API server that lists and watches, and misbehaves on request. Of selectors it knows
 * names only. */
export class FakeApi {
  readonly #server: Server
  readonly #objects = new Map<string, Map<string, ApiObject>>()
  readonly #changes = new Map<string, Change[]>()
  readonly #watchers = new Set<Watcher>()
  #version = 100
  /** Changes up to here are forgotten: a watch from before gets 410. */
  #compacted = 0
  /** Every request that came, as path and query. */
  readonly requests: URL[] = []
  readonly headers: IncomingMessage['headers'][] = []
  /** Knows `sendInitialEvents`: `yes`, refuses it with 422, or has never heard of it. */
  streams: 'yes' | 'refused' | 'unknown' = 'yes'
  /** Items of a page at most, whatever the client asks. */
  pageItems = 500
  fault: Fault | undefined
  /** Over TLS: all connections that ever came, with whose certificate, and the HTTP/2 ones that are there. */
  readonly connections: { readonly protocol: string; readonly subject: string }[] = []
  readonly sessions = new Set<ServerHttp2Session>()
  readonly #scheme: 'http' | 'https'

  constructor(secure?: Secure) {
    const serve = (request: IncomingMessage, response: ServerResponse) =>
      this.#serve(request, response)
    this.#scheme = secure === undefined ? 'http' : 'https'
    if (secure === undefined) this.#server = createServer(serve)
    else {
      const options = { ...secure, requestCert: true, rejectUnauthorized: false }
      this.#server = (
        secure.http2 ? createSecureServer(options, serve as never) : createTlsServer(options, serve)
      ) as Server
      this.#server.on('secureConnection', (socket: TLSSocket) => {
        const subject = String(socket.getPeerCertificate().subject?.CN)
        this.connections.push({ protocol: String(socket.alpnProtocol), subject })
      })
      this.#server.on('session', (session: ServerHttp2Session) => {
        this.sessions.add(session)
        session.on('close', () => this.sessions.delete(session))
      })
    }
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get version(): number {
    return this.#version
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  async close(): Promise<void> {
    this.dropWatches()
    for (const session of this.sessions) session.destroy()
    this.#server.closeAllConnections?.()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Creates or updates, and tells whoever watches. */
  put(resource: string, object: ApiObject): void {
    const key = keyOf(object)
    const objects = this.#of(resource)
    const type = objects.has(key) ? 'MODIFIED' : 'ADDED'
    const stored = this.#stamped(object)
    objects.set(key, stored)
    this.#tell(resource, { version: this.#version, type, object: stored })
  }

  remove(resource: string, name: string, namespace = ''): void {
    const key = `${namespace}/${name}`
    const object = this.#of(resource).get(key)
    if (object === undefined) return
    this.#of(resource).delete(key)
    this.#tell(resource, { version: this.#version, type: 'DELETED', object: this.#stamped(object) })
  }

  /** Changes the objects and tells nobody: what a server with a broken cache does. */
  putSilently(resource: string, object: ApiObject): void {
    this.#of(resource).set(keyOf(object), this.#stamped(object))
  }

  removeSilently(resource: string, name: string, namespace = ''): void {
    this.#of(resource).delete(`${namespace}/${name}`)
    this.#version++
  }

  objects(resource: string): ApiObject[] {
    return [...this.#of(resource).values()]
  }

  /** Forgets the past, so that watches from an earlier version are told 410. */
  compact(): void {
    this.#compacted = this.#version
    for (const changes of this.#changes.values()) changes.length = 0
  }

  /** Goes back to an earlier version number, as a restore from a copy does. Objects stay as they are. */
  rewind(version: number): void {
    this.#version = version
    this.#compacted = 0
    for (const changes of this.#changes.values()) changes.length = 0
  }

  dropWatches(): void {
    for (const watcher of this.#watchers) watcher.response.destroy()
    this.#watchers.clear()
  }

  endWatches(): void {
    for (const watcher of this.#watchers) watcher.response.end()
    this.#watchers.clear()
  }

  blackHoleWatches(): void {
    for (const watcher of this.#watchers) watcher.blackHoled = true
  }

  /** Octets straight into the watches of a resource: half a line, nonsense, an ERROR event. */
  send(resource: string, text: string): void {
    for (const watcher of this.#watchers) {
      if (watcher.resource === resource) watcher.response.write(text)
    }
  }

  bookmark(resource: string, version = this.#version): void {
    this.send(resource, line('BOOKMARK', { metadata: { resourceVersion: String(version) } }))
  }

  #of(resource: string): Map<string, ApiObject> {
    let objects = this.#objects.get(resource)
    if (objects === undefined) {
      objects = new Map()
      this.#objects.set(resource, objects)
    }
    return objects
  }

  #stamped(object: ApiObject): ApiObject {
    this.#version++
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
  }

  #tell(resource: string, change: Change): void {
    let changes = this.#changes.get(resource)
    if (changes === undefined) {
      changes = []
      this.#changes.set(resource, changes)
    }
    changes.push(change)
    for (const watcher of this.#watchers) {
      if (watcher.resource !== resource || watcher.blackHoled) continue
      watcher.response.write(line(change.type, change.object))
    }
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake')
    this.requests.push(url)
    this.headers.push(request.headers)
    if (this.fault?.(request, response) === true) return
    const resource = PATHS[url.pathname]
    if (resource !== undefined) {
      if (url.searchParams.get('watch') === 'true') this.#watch(url, resource, response)
      else this.#list(url, resource, response)
    } else this.#get(url, response)
  }

  #get(url: URL, response: ServerResponse): void {
    const found = /^(.*?)(?:\/namespaces\/([^/]+))?\/([^/]+)\/([^/]+)$/.exec(url.pathname)
    const [, prefix = '', namespace = '', resource = '', name = ''] = found ?? []
    const object = PATHS[`${prefix}/${resource}`] && this.#of(resource).get(`${namespace}/${name}`)
    if (object) json(response, 200, object)
    else refuse(response, 404, 'NotFound', 'not found')
  }

  #list(url: URL, resource: string, response: ServerResponse): void {
    const limit = Math.min(Number(url.searchParams.get('limit') ?? '1e9'), this.pageItems)
    const from = Number(url.searchParams.get('continue') ?? '0')
    const fields = url.searchParams.get('fieldSelector') ?? ''
    const all = this.objects(resource).filter(({ metadata }) => hasFields(metadata, fields))
    const items = all.slice(from, from + limit)
    const next = from + limit < all.length ? String(from + limit) : undefined
    json(response, 200, {
      kind: 'List',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: String(this.#version),
        ...(next === undefined ? {} : { continue: next }),
      },
      items,
    })
  }

  #watch(url: URL, resource: string, response: ServerResponse): void {
    const query = url.searchParams
    const streamed = query.get('sendInitialEvents') === 'true'
    if (streamed && this.streams === 'refused') {
      refuse(response, 422, 'Invalid', 'sendInitialEvents: Forbidden')
      return
    }
    const from = Number(query.get('resourceVersion') || '0')
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
    if (from > 0 && from < this.#compacted) {
      response.end(
        line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }),
      )
      return
    }
    if (from === 0)
      for (const object of this.objects(resource)) response.write(line('ADDED', object))
    for (const change of this.#changes.get(resource) ?? []) {
      if (from > 0 && change.version > from) response.write(line(change.type, change.object))
    }
    if (streamed && this.streams === 'yes') {
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      const metadata = { resourceVersion: String(this.#version), annotations }
      response.write(line('BOOKMARK', { metadata }))
    }
    const watcher = { response, resource, blackHoled: false }
    this.#watchers.add(watcher)
    response.on('close', () => this.#watchers.delete(watcher))
  }
}

export function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`
}

export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  json(response, code, { kind: 'Status', status: 'Failure', code, reason, message }, headers)
}

function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** `metadata.name=…` and `metadata.namespace=…`; other fields are not looked at. */
function hasFields(metadata: ApiObject['metadata'], fields: string): boolean {
  return fields.split(',').every((field) => {
    const [, key, value] = /^metadata\.(name|namespace)=(.*)$/.exec(field) ?? []
    return key === undefined || metadata[key] === value
  })
}

function keyOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}
