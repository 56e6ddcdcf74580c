import t from 'tap'
import { decodeMetadata } from '../../src/kube/decode.ts'
import { Interner } from '../../src/kube/intern.ts'
import { PROTOBUF_FORMAT } from '../../src/kube/protobuf-format.ts'
import { PROTOBUF_DECODERS } from '../../src/kube/protobuf-objects.ts'
import { RESOURCES } from '../../src/kube/resources.ts'
import fc from '../fast-check.ts'
import type { ApiObject } from './fake-api.ts'
import { pod, service, slice } from './objects.ts'

/** A message as pairs of a field number and what is in it, enough to write what k8s.io/api's generated.proto describes. */
// biome-ignore lint/suspicious/noExplicitAny: objects of the API, read field by field
type Loose = any
type Value = string | number | boolean | Buffer | undefined
type Field = [number, Value]

function message(...fields: Field[]): Buffer {
  const parts: Buffer[] = []
  for (const [number, value] of fields) {
    if (value === undefined) continue
    if (typeof value === 'number' || typeof value === 'boolean') {
      parts.push(varint(number * 8), varint(Number(value)))
    } else {
      const octets = Buffer.from(value as string)
      parts.push(varint(number * 8 + 2), varint(octets.length), octets)
    }
  }
  return Buffer.concat(parts)
}

function varint(value: number): Buffer {
  const octets: number[] = []
  let rest = value
  while (rest > 127) {
    octets.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...octets, rest])
}

const each = (number: number, values: readonly Value[] = []): Field[] =>
  values.map((value) => [number, value])
const map = (number: number, entries: Record<string, string> = {}): Field[] =>
  Object.entries(entries).map(([key, value]) => [number, message([1, key], [2, value])])

function metadata(object: ApiObject): Buffer {
  const { name, namespace, resourceVersion, labels, annotations, deletionTimestamp } =
    object.metadata
  return message(
    [1, name],
    [3, namespace],
    [5, 'some-uid'],
    [6, resourceVersion],
    [7, 3],
    [8, message([1, 1700000000])],
    [9, deletionTimestamp === undefined ? undefined : message([1, 1])],
    ...map(11, labels),
    ...map(12, annotations as Record<string, string>),
    [17, message([1, 'kubectl'], [7, message([1, '{"f:spec":{}}'])])],
  )
}

type Ports = { name?: string; protocol?: string; port?: number }[]
const ports = (number: number, list: Ports = []): Field[] =>
  list.map(({ name, protocol, port }) => [
    number,
    message([1, name], [2, protocol], [3, port], [4, message([1, 0], [2, 8080])]),
  ])

function encodeService(object: ApiObject): Buffer {
  const spec = object.spec as Loose
  const ingress = (object.status as Loose)?.loadBalancer?.ingress ?? []
  return message(
    [1, metadata(object)],
    [
      2,
      message(
        ...ports(1, spec.ports),
        ...map(2, spec.selector),
        [3, spec.clusterIP],
        [4, spec.type],
        ...each(5, spec.externalIPs),
        [7, 'None'],
        [10, spec.externalName],
        [13, spec.publishNotReadyAddresses],
        ...each(18, spec.clusterIPs),
        ...each(19, ['IPv4']),
      ),
    ],
    [
      3,
      message([
        1,
        message(
          ...each(
            1,
            ingress.map((at: Loose) => message([1, at.ip], [2, at.hostname], [3, 'VIP'])),
          ),
        ),
      ]),
    ],
  )
}

function encodeSlice(object: ApiObject): Buffer {
  const endpoints = object.endpoints as Loose[]
  return message(
    [1, metadata(object)],
    ...each(
      2,
      endpoints.map(({ addresses, conditions = {}, hostname, targetRef, nodeName, zone }) =>
        message(
          ...each(1, addresses),
          [2, message([1, conditions.ready], [2, conditions.serving], [3, conditions.terminating])],
          [3, hostname],
          [4, targetRef && message([1, 'Pod'], [2, 'ns'], [3, targetRef.name], [4, 'uid'])],
          ...map(5, { topology: 'old' }),
          [6, nodeName],
          [7, zone],
          [8, message([1, message([1, 'hint'])])],
        ),
      ),
    ),
    ...ports(3, object.ports as Ports),
    [4, object.addressType as string],
  )
}

function encodePod(object: ApiObject): Buffer {
  return message(
    [1, metadata(object)],
    [2, message([5, 'node'])],
    [
      3,
      message(
        [1, 'Running'],
        [5, '192.0.2.9'],
        [6, (object.status as Loose).podIP],
        [12, message([1, 'x'])],
      ),
    ],
  )
}

/** What a server sends: the magic and the envelope around an object. */
function wrap(kind: string, object: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('k8s\0'),
    message([1, message([1, 'v1'], [2, kind])], [2, object], [3, ''], [4, '']),
  ])
}

function frame(type: string, object: Buffer): Buffer {
  const event = message([1, type], [2, message([1, object])])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(event.length)
  return Buffer.concat([length, event])
}

const word = fc.constantFrom('a', 'b', 'longer-name', 'é', '')
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const somePorts = fc.array(
  fc.record({
    name: optional(word),
    protocol: optional(fc.constantFrom('TCP', 'UDP')),
    port: optional(fc.nat(65535)),
  }),
  { maxLength: 3 },
)
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1')

const someObjects = fc.oneof(
  fc
    .record({
      clusterIP: address,
      clusterIPs: fc.array(address, { maxLength: 2 }),
      type: word,
      externalName: word,
      ports: somePorts,
      externalIPs: fc.array(address, { maxLength: 2 }),
      publishNotReadyAddresses: optional(fc.boolean()),
      selector: optional(fc.constant({ app: 'x' })),
    })
    .chain((spec) =>
      fc
        .array(fc.record({ ip: optional(address), hostname: optional(word) }), { maxLength: 2 })
        .map((ingress) => service('s', 'x', spec, { loadBalancer: { ingress } })),
    ),
  fc
    .array(
      fc.record({
        addresses: fc.array(address, { maxLength: 2 }),
        conditions: fc.record({
          ready: optional(fc.boolean()),
          serving: optional(fc.boolean()),
          terminating: optional(fc.boolean()),
        }),
        hostname: optional(word),
        nodeName: optional(word),
        zone: optional(word),
        targetRef: optional(fc.record({ name: fc.constantFrom('p', 'q'.repeat(64)) })),
      }),
      { maxLength: 3 },
    )
    .chain((endpoints) => somePorts.map((ports) => slice('sl', 'x', 's', endpoints, { ports }))),
  fc.constantFrom(
    pod('p', 'x', '10.0.0.1', { labels: { a: 'b' } }),
    pod('p', 'x', '10.0.0.1', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  ),
)

const ENCODERS: Record<string, (object: ApiObject) => Buffer> = {
  Service: encodeService,
  EndpointSlice: encodeSlice,
  Pod: encodePod,
}

function bothWays(object: ApiObject): { json: unknown; protobuf: unknown; octets: Buffer } {
  const kind = Object.values(RESOURCES).find(({ kind }) => kind === object.kind)!
  const octets = ENCODERS[object.kind!]!(object)
  const found = PROTOBUF_FORMAT.metadata(octets)!
  return {
    json: kind.decode(object, decodeMetadata(object)!, new Interner()),
    protobuf: PROTOBUF_DECODERS[kind.resource]!(octets, found, new Interner()),
    octets,
  }
}

t.test('an object read from protobuf is the record that its JSON gives', async (t) => {
  fc.assert(
    fc.property(someObjects, (object) => {
      object.metadata.resourceVersion = '123'
      const { json, protobuf } = bothWays(object)
      return JSON.stringify(json) === JSON.stringify(protobuf)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('labels of an import and the trigger time are found among others', async (t) => {
  const object = slice('s', 'x', 'svc', ['10.0.0.1'])
  object.metadata.labels = {
    other: 'label',
    'multicluster.kubernetes.io/service-name': 'i',
    'multicluster.kubernetes.io/source-cluster': 'c',
    'kubernetes.io/service-name': 'svc',
  }
  object.metadata.annotations = {
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-02T03:04:05Z',
  }
  t.match(bothWays(object).protobuf, {
    service: 'svc',
    clusterService: 'i',
    sourceCluster: 'c',
    lastChangeTrigger: Date.UTC(2026, 0, 2, 3, 4, 5),
  })
})

t.test('lists and watches are read however they are cut', async (t) => {
  const objects = ['a', 'b', 'c'].map((name) => encodeService(service(name, 'x')))
  const list = wrap(
    'ServiceList',
    message([1, message([2, '77'], [3, 'next'], [4, 9])], ...each(2, objects)),
  )
  const status = message([2, 'Failure'], [3, 'too old'], [4, 'Expired'], [6, 410])
  const bookmark = message([
    1,
    message([6, '80'], ...map(12, { 'k8s.io/initial-events-end': 'true' })),
  ])
  const watch = Buffer.concat([
    ...objects.map((object) => frame('ADDED', wrap('Service', object))),
    frame('BOOKMARK', wrap('Service', bookmark)),
    frame('ERROR', wrap('Status', status)),
  ])
  for (const size of [1, 2, 7, 50, 1e6]) {
    const names: unknown[] = []
    const listParser = PROTOBUF_FORMAT.listParser(
      (object) => names.push(PROTOBUF_FORMAT.metadata(object)?.name) > 0,
    )
    for (let at = 0; at < list.length; at += size) {
      t.equal(listParser.push(list.subarray(at, at + size)), 'more')
    }
    t.same(names, ['a', 'b', 'c'])
    t.same(listParser.finish(), { resourceVersion: '77', continueToken: 'next', remaining: 9 })

    const events: unknown[] = []
    const watchParser = PROTOBUF_FORMAT.watchParser((type, object) => {
      if (type === 'ERROR') events.push(PROTOBUF_FORMAT.status(object))
      else if (type === 'BOOKMARK') {
        events.push([PROTOBUF_FORMAT.version(object), PROTOBUF_FORMAT.endsList(object)])
      } else events.push(PROTOBUF_FORMAT.metadata(object)?.name)
      return true
    })
    for (let at = 0; at < watch.length; at += size) watchParser.push(watch.subarray(at, at + size))
    t.same(events, [
      'a',
      'b',
      'c',
      ['80', true],
      { code: 410, reason: 'Expired', message: 'too old' },
    ])
  }
})

t.test(
  'a list that is cut short is not whole, and nonsense is broken and throws nothing',
  async (t) => {
    const list = wrap(
      'List',
      message([1, message([2, '77'])], [2, encodeService(service('a', 'x'))]),
    )
    const parser = PROTOBUF_FORMAT.listParser(() => true)
    parser.push(list.subarray(0, list.length - 20))
    t.equal(parser.finish(), undefined)
    t.equal(PROTOBUF_FORMAT.listParser(() => true).push(Buffer.from('{"kind":"List"}')), 'broken')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        const wild = Buffer.from(octets)
        PROTOBUF_FORMAT.metadata(wild)
        PROTOBUF_FORMAT.status(wild)
        PROTOBUF_FORMAT.endsList(wild)
        PROTOBUF_FORMAT.watchParser(() => true).push(wild)
        const parser = PROTOBUF_FORMAT.listParser(() => true)
        parser.push(Buffer.concat([list.subarray(0, 30), wild]))
        parser.finish()
        return true
      }),
      { numRuns: 1000 },
    )
  },
)
