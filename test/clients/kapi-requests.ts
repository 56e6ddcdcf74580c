/** Requests that an API server refuses or answers the same way whatever rules it has for its kinds. */

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  /** Content type; JSON by default. */
  readonly type?: string
  readonly accept?: string
  /** The text comes from a library that is not the API's own (a parser): only code and reason are compared. */
  readonly loose?: boolean
}

const CORE = '/api/v1/namespaces/default'
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const APPLY = 'application/apply-patch+yaml'

const service = (name: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
})
const configMap = (name: string, data: unknown = { a: 'b' }, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})
const slice = (name: string, extra: object = {}) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ...extra,
})
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }] },
})
const post = (path: string, body: unknown): ApiRequest => ({ method: 'POST', path, body })
const put = (path: string, body: unknown): ApiRequest => ({ method: 'PUT', path, body })
const get = (path: string): ApiRequest => ({ method: 'GET', path })
const loose = (request: ApiRequest): ApiRequest => ({ ...request, loose: true })
const remove = (path: string, body?: unknown): ApiRequest => ({ method: 'DELETE', path, body })
const patch = (path: string, type: string, body: unknown): ApiRequest => ({
  method: 'PATCH',
  path,
  type,
  body,
})
const applied = (manager: string, data: unknown, more = ''): ApiRequest =>
  patch(`${CORE}/configmaps/ssa?fieldManager=${manager}${more}`, APPLY, configMap('ssa', data))

export const requests: readonly ApiRequest[] = [
  // Objects that are there from here on.
  post(`${CORE}/services`, service('web')),
  post(`${CORE}/configmaps`, configMap('notes')),
  post(SLICES, slice('web-1')),
  post(`${CORE}/pods`, pod('one')),
  // Names, namespaces, kinds.
  post(`${CORE}/services`, service('web')),
  post(`${CORE}/configmaps`, configMap('notes')),
  post(SLICES, slice('web-1')),
  post(`${CORE}/configmaps`, configMap('')),
  post(`${CORE}/configmaps`, configMap('x', {}, { namespace: 'other' })),
  post(`${CORE}/configmaps`, configMap('x', {}, { resourceVersion: '5' })),
  post(`${CORE}/configmaps`, service('x')),
  loose(post(`${CORE}/configmaps`, { ...configMap('x'), apiVersion: 'v2' })),
  loose(post(`${CORE}/configmaps`, { ...configMap('x'), kind: 'Nothing' })),
  post(`${CORE}/configmaps`, { metadata: { name: 'bare' }, data: { a: 'b' } }),
  put(`${CORE}/configmaps/notes`, configMap('other')),
  put(`${CORE}/services/web`, service('web', { namespace: 'other' })),
  // Bodies.
  loose(post(`${CORE}/configmaps`, '{')),
  loose(post(`${CORE}/configmaps`, '[]')),
  loose(post(`${CORE}/configmaps`, '')),
  post(`${CORE}/configmaps`, configMap('x', 'text')),
  post(`${CORE}/configmaps`, configMap('x', { a: 1 })),
  post(`${CORE}/configmaps`, configMap('x', ['a'])),
  post(`${CORE}/services`, service('x', {}, { ports: 'all' })),
  post(`${CORE}/services`, service('x', {}, { ports: [{ port: 'http' }] })),
  post(`${CORE}/services`, service('x', {}, { publishNotReadyAddresses: 'yes' })),
  post(`${CORE}/services`, service('x', { labels: { a: 1 } })),
  post(SLICES, slice('x', { endpoints: {} })),
  post(`${CORE}/services?fieldValidation=Strict`, service('x', {}, { selektor: {} })),
  post(`${CORE}/services?fieldValidation=Strict`, service('x', {}, { ports: [{ prot: 1 }] })),
  post(`${CORE}/services?fieldValidation=Maybe`, service('x')),
  post(`${CORE}/services?dryRun=Some`, service('x')),
  post(`${CORE}/services?dryRun=All`, service('dry')),
  { method: 'POST', path: `${CORE}/configmaps`, body: 'a: b', type: 'text/plain' },
  // Metadata.
  post(`${CORE}/configmaps`, configMap('x', {}, { labels: { 'a b': 'c' } })),
  post(`${CORE}/configmaps`, configMap('x', {}, { labels: { a: 'c d' } })),
  post(`${CORE}/configmaps`, configMap('x', {}, { labels: { ['k'.repeat(64)]: 'v'.repeat(64) } })),
  post(`${CORE}/configmaps`, configMap('x', {}, { annotations: { 'a b': 'c' } })),
  post(`${CORE}/configmaps`, configMap('x', {}, { finalizers: ['a b'] })),
  post(
    `${CORE}/configmaps`,
    configMap('x', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: '', uid: '' }] }),
  ),
  post(
    `${CORE}/configmaps`,
    configMap(
      'x',
      {},
      {
        ownerReferences: ['a', 'b'].map((name) => ({
          apiVersion: 'v1',
          kind: 'Pod',
          name,
          uid: name,
          controller: true,
        })),
      },
    ),
  ),
  // Conflicts.
  put(`${CORE}/configmaps/notes`, configMap('notes', { a: 'c' }, { resourceVersion: '1' })),
  loose(put(`${CORE}/configmaps/notes`, configMap('notes', { a: 'c' }, { uid: 'other' }))),
  patch(`${CORE}/configmaps/notes`, MERGE, { metadata: { resourceVersion: '1' } }),
  patch(`${CORE}/configmaps/notes`, MERGE, { metadata: { uid: 'other' } }),
  patch(`${CORE}/configmaps/notes`, MERGE, { metadata: { name: 'other' } }),
  loose(remove(`${CORE}/configmaps/notes`, { preconditions: { resourceVersion: '1' } })),
  // Patches.
  patch(`${CORE}/configmaps/nobody`, MERGE, { data: {} }),
  patch(`${CORE}/configmaps/notes`, 'application/json', { data: {} }),
  loose(patch(`${CORE}/configmaps/notes`, MERGE, '{')),
  loose(patch(`${CORE}/configmaps/notes`, MERGE, '[]')),
  loose(patch(`${CORE}/configmaps/notes`, MERGE, { data: 'x' })),
  patch(`${CORE}/configmaps/notes`, JSON_PATCH, { op: 'add' }),
  loose(
    patch(`${CORE}/configmaps/notes`, JSON_PATCH, [{ op: 'test', path: '/data/a', value: 'z' }]),
  ),
  loose(patch(`${CORE}/configmaps/notes`, JSON_PATCH, [{ op: 'remove', path: '/data/z' }])),
  loose(
    patch(`${CORE}/configmaps/notes`, JSON_PATCH, [{ op: 'replace', path: '/none/z', value: 1 }]),
  ),
  patch(`${CORE}/configmaps/notes`, JSON_PATCH, [{ op: 'add', path: '/data/n', value: 'm' }]),
  loose(patch(`${CORE}/services/web`, STRATEGIC, { spec: { ports: [{ name: 'x' }] } })),
  loose(
    patch(`${CORE}/services/web`, STRATEGIC, { spec: { ports: [{ port: 81, $patch: 'burn' }] } }),
  ),
  patch(`${CORE}/services/web`, STRATEGIC, { spec: { ports: [{ port: 80, name: 'www' }] } }),
  // Server-side apply.
  patch(`${CORE}/configmaps/ssa`, APPLY, configMap('ssa')),
  applied('one', { a: 'b', c: 'd' }),
  applied('one', { a: 'b', c: 'd' }),
  applied('two', { a: 'x' }),
  applied('two', { a: 'x', c: 'y' }),
  applied('two', { a: 'x' }, '&force=true'),
  applied('one', { a: 'b', c: 'e' }),
  patch(`${CORE}/configmaps/ssa?fieldManager=one`, APPLY, configMap('other')),
  loose(patch(`${CORE}/configmaps/ssa?fieldManager=one`, APPLY, '{')),
  loose(patch(`${CORE}/configmaps/ssa?fieldManager=one`, APPLY, service('ssa'))),
  patch(`${CORE}/configmaps/ssa?fieldManager=${'m'.repeat(129)}`, APPLY, configMap('ssa')),
  // What is not there.
  get(`${CORE}/services/nobody`),
  get(`${CORE}/nothings`),
  put(`${CORE}/pods/one/nothing`, {}),
  remove(`${CORE}/services/nobody`),
  post(`${CORE}/services/web`, service('web')),
  { method: 'PUT', path: `${CORE}/services`, body: service('web') },
  // Lists and watches.
  loose(get(`${CORE}/configmaps?labelSelector=a b`)),
  loose(get(`${CORE}/configmaps?labelSelector=a=b=c`)),
  loose(get(`${CORE}/configmaps?labelSelector=a in b`)),
  loose(get(`${CORE}/configmaps?labelSelector=a=b c`)),
  get(`${CORE}/configmaps?fieldSelector=data.a=b`),
  get(`${CORE}/configmaps?fieldSelector=metadata.name`),
  get(`${CORE}/configmaps?limit=x`),
  get(`${CORE}/configmaps?limit=-1`),
  loose(get(`${CORE}/configmaps?continue=x`)),
  get(`${CORE}/configmaps?resourceVersion=x`),
  get(`${CORE}/configmaps?resourceVersionMatch=Exact`),
  get(`${CORE}/configmaps?resourceVersion=1&resourceVersionMatch=Roughly`),
  get(`${CORE}/configmaps?resourceVersion=0&resourceVersionMatch=Exact`),
  get(`${CORE}/configmaps?sendInitialEvents=true`),
  get(`${CORE}/configmaps?watch=1&resourceVersion=x`),
  get(`${CORE}/configmaps?watch=1&sendInitialEvents=true`),
  get(`${CORE}/configmaps?watch=1&resourceVersionMatch=NotOlderThan`),
  get(`${CORE}/configmaps/notes?resourceVersion=x`),
  { method: 'GET', path: `${CORE}/configmaps`, accept: 'text/plain', loose: true },
  // Deletions.
  remove(`${CORE}/configmaps/notes`, { propagationPolicy: 'Sideways' }),
  remove(`${CORE}/configmaps/notes?dryRun=Some`),
  remove(`${CORE}/configmaps/notes?dryRun=All`),
  remove(`${CORE}/configmaps/notes`),
  remove(`${CORE}/configmaps/notes`),
]
