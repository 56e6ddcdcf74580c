import type { ServerResponse } from 'node:http'
import {
  aggregated,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  groupVersions,
  VERSION,
} from './discovery.ts'
import { negotiate } from './negotiate.ts'
import {
  OPENAPI_V2_PROTOBUF,
  openapiV2,
  openapiV2Protobuf,
  openapiV3,
  openapiV3Index,
} from './openapi.ts'
import { type ApiRequest, sendJson } from './server.ts'
import { methodNotAllowed } from './status.ts'
import type { Json } from './types.ts'

/** Answers what describes the server itself: discovery, versions, health, OpenAPI. False for any other path. */
export function answerDiscovery(request: ApiRequest, response: ServerResponse): boolean {
  const path = request.path.replace(/\/$/, '') || '/'
  if (path === '/openapi/v2' && request.accept?.includes('proto-openapi.spec.v2')) {
    requireGet(request)
    sendProtobuf(response)
    return true
  }
  if (['/healthz', '/livez', '/readyz'].includes(path)) {
    requireGet(request)
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end('ok')
    return true
  }
  if ((path === '/api' || path === '/apis') && asksAggregated(request)) {
    requireGet(request)
    response.setHeader('Vary', 'Accept')
    const body = JSON.stringify(aggregated(path === '/api'))
    const type = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    response.writeHead(200, { 'Content-Type': type }).end(body)
    return true
  }
  const found = documentAt(path)
  if (found === undefined) return false
  requireGet(request)
  negotiate(request.accept, [])
  sendJson(response, 200, found)
  return true
}

/** What kubectl looks at before it says that a kind is not known; there are none, and none can be made. */
const NO_DEFINITIONS = {
  kind: 'CustomResourceDefinitionList',
  apiVersion: 'apiextensions.k8s.io/v1',
  metadata: { resourceVersion: '0' },
  items: [],
}

function asksAggregated(request: ApiRequest): boolean {
  return negotiate(request.accept, ['discovery']) === 'discovery'
}

function requireGet(request: ApiRequest): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed()
}

function documentAt(path: string): Json | undefined {
  switch (path) {
    case '/':
      return { paths: paths() }
    case '/version':
      return VERSION
    case '/api':
      return apiVersions('127.0.0.1')
    case '/apis':
      return apiGroupList()
    case '/api/v1':
      return apiResourceList('v1')
    case '/openapi/v2':
      return openapiV2()
    case '/apis/apiextensions.k8s.io/v1/customresourcedefinitions':
      return NO_DEFINITIONS
    case '/openapi/v3':
      return openapiV3Index()
  }
  if (path.startsWith('/openapi/v3/')) return openapiV3(path.slice('/openapi/v3/'.length))
  const group = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path)
  if (group === null) return undefined
  const [, name = '', version] = group
  return version === undefined ? apiGroup(name) : apiResourceList(`${name}/${version}`)
}

function paths(): string[] {
  const groups = groupVersions().map((one) => (one.includes('/') ? `/apis/${one}` : `/api/${one}`))
  return [
    '/api',
    '/apis',
    ...groups,
    '/healthz',
    '/livez',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ]
}

function sendProtobuf(response: ServerResponse): void {
  const body = openapiV2Protobuf()
  response.writeHead(200, { 'Content-Type': OPENAPI_V2_PROTOBUF, 'Content-Length': body.length })
  response.end(body)
}
