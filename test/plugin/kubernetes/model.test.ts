import t from 'tap'
import { stands } from '../../../src/plugin/lifetime.ts'
import type { Reply } from '../../../src/plugin/reply.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import fc from '../../fast-check.ts'
import type { ApiObject } from '../../kube/fake-api.ts'
import { rrText } from '../harness.ts'
import { over } from './chain.ts'
import { namespace, pod, service, slice } from './fixture.ts'
import { type Naive, NaiveCluster, told } from './naive-cluster.ts'

/**
 * The plugin against {@link NaiveCluster}, through sequences of changes to a cluster in which everything meets everything. After each change every question has the
 * naive answer, and so has every reply of before that is said to stand.
 */

const NAMESPACES = ['x', 'y']
const SERVICES = ['a', 'b']
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', 'fd00:1::']
const NAMES = ['h1', 'h2', 'p1', 'p2']

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const inNamespace = oneOf(...NAMESPACES)
const address = oneOf(...ADDRESSES)
const ports = fc.subarray([
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'web', port: 80, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
])

const someService = fc
  .record({
    name: oneOf(...SERVICES),
    namespace: inNamespace,
    clusterIPs: fc.oneof(
      fc.constant(['None']),
      fc.uniqueArray(address, { minLength: 1, maxLength: 2 }),
    ),
    ports,
    publishNotReadyAddresses: fc.boolean(),
  })
  .map(({ name, namespace, ...spec }) => service(name, namespace, { ...spec, clusterIP: '' }))

const someEndpoint = fc.record({
  addresses: fc.array(address, { minLength: 1, maxLength: 2 }),
  conditions: fc.record({ ready: maybe(fc.boolean()) }),
  hostname: maybe(oneOf('h1', 'h2')),
  targetRef: maybe(fc.record({ name: oneOf('p1', 'p2') })),
})

/** Three slices, each of any Service: endpoints move between slices, and slices between Services. */
const someSlice = fc
  .record({
    name: oneOf('s1', 's2', 's3'),
    namespace: inNamespace,
    service: oneOf(...SERVICES),
    endpoints: fc.array(someEndpoint, { maxLength: 3 }),
    ports,
  })
  .map(({ name, namespace, service, endpoints, ports }) =>
    slice(name, namespace, service, endpoints as never, { ports }),
  )

const somePod = fc
  .record({ name: oneOf('p1', 'p2'), namespace: inNamespace, address })
  .map(({ name, namespace, address }) => pod(name, namespace, address))

const step = fc.tuple(
  oneOf('apply', 'apply', 'apply', 'remove'),
  fc.oneof(
    { weight: 4, arbitrary: someService },
    { weight: 5, arbitrary: someSlice },
    { weight: 2, arbitrary: somePod },
    { weight: 2, arbitrary: inNamespace.map((name) => namespace(name)) },
  ),
)

const config = fc.record({
  pods: oneOf('disabled' as const, 'insecure' as const, 'verified' as const),
  endpointPodNames: fc.boolean(),
  namespaces: oneOf<string[]>([], ['x'], ['x', 'y']),
})

const dashed = (address: string) => address.replaceAll(/[.:]/g, '-').replace(/-$/, '-0')

const QUESTIONS = [
  ...NAMESPACES.flatMap((ns) =>
    SERVICES.flatMap((svc) => {
      const name = `${svc}.${ns}.svc.cluster.local.`
      return [
        ...['A', 'AAAA', 'SRV'].map((type) => `${name} ${type}`),
        ...['_http._tcp', '_dns._udp', '_none._tcp'].flatMap((port) => [
          `${port}.${name} SRV`,
          `${port}.${name} A`,
        ]),
        ...[...NAMES, ...ADDRESSES.map(dashed)].flatMap((endpoint) => [
          `${endpoint}.${name} A`,
          `${endpoint}.${name} AAAA`,
        ]),
        `h1.${name} SRV`,
      ]
    }),
  ),
  ...NAMESPACES.flatMap((ns) =>
    ADDRESSES.slice(0, 4).flatMap((address) =>
      ['A', 'AAAA', 'SRV'].map(
        (type) => `${address.replaceAll(/[.:]/g, '-')}.${ns}.pod.cluster.local. ${type}`,
      ),
    ),
  ),
  ...['1', '2', '3', '4'].map((last) => `${last}.0.0.10.in-addr.arpa. PTR`),
  `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa. PTR`,
  `${'0.'.repeat(24)}1.0.0.0.0.0.d.f.ip6.arpa. PTR`,
]

t.test(
  'after any changes every answer is the naive one, and so is every reply that stands',
  async (t) => {
    let [asked, kept] = [0, 0]
    await fc.assert(
      fc.asyncProperty(
        config,
        fc.array(step, { minLength: 5, maxLength: 20 }),
        async (config, steps) => {
          const chain = await over([], corefileOf(config), { liveSerials: true })
          const naive = new NaiveCluster(config)
          const replies = new Map<string, Reply>()
          for (const [act, object] of steps) {
            chain.fed[act as 'apply' | 'remove'](object)
            naive[act as 'apply' | 'remove'](object as ApiObject)
            for (const question of QUESTIONS) {
              const old = replies.get(question)
              const stood = old !== undefined && stands(old.lifetime, chain.versions, 0)
              const reply = stood ? old : await chain.reply(question)
              if (stood) kept++
              else asked++
              replies.set(question, reply)
              const right = naive.answers(question)
              if (!right.includes(text(reply)))
                throw new Error(
                  `${question}, ${stood ? 'kept' : 'asked'}: ${text(reply)}\ninstead of ${right.join(' or ')}`,
                )
            }
          }
        },
      ),
      { numRuns: 1500 },
    )
    t.ok(asked > 0 && kept > asked, `${asked} asked, ${kept} kept`)
  },
)

function corefileOf({ pods, endpointPodNames, namespaces }: Naive): string {
  const words = [
    `pods ${pods}`,
    ...(endpointPodNames ? ['endpoint_pod_names'] : []),
    ...(namespaces.length > 0 ? [`namespaces ${namespaces.join(' ')}`] : []),
  ]
  return `kubernetes cluster.local in-addr.arpa ip6.arpa {\n${words.join('\n')}\n}`
}

function text({ rcode, answer, additional }: Reply): string {
  if (rcode !== RCODE.NOERROR) return rcode === RCODE.NXDOMAIN ? 'NXDOMAIN' : `rcode ${rcode}`
  return told([...answer, ...additional].map(rrText))
}
