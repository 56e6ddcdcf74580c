import t from 'tap'
import { nameToText } from '../../../src/wire/name.ts'
import { type Asking, type Chain, queryFor } from '../harness.ts'
import { over } from './chain.ts'
import { namespace, pod } from './fixture.ts'

const objects = [
  namespace('podns'),
  pod('client', 'podns', '10.240.0.1', { labels: { app: 'web', 'example.com/tier': 'front' } }),
]

function told(chain: Chain, qname: string, asking: Asking = {}): Record<string, string> {
  const labels = chain.plugin('kubernetes').metadata?.(queryFor(`${qname} A`, asking)) ?? []
  return Object.fromEntries(
    [...labels].map(([label, value]) => [label.replace('kubernetes/', ''), value()]),
  )
}

const nothing = {
  'port-name': '',
  protocol: '',
  endpoint: '',
  service: '',
  namespace: '',
  kind: '',
}

t.test('metadata tells how a name is read', async (t) => {
  const chain = await over(objects, 'kubernetes cluster.local')
  t.strictSame(told(chain, 'pod.ns.pod.cluster.local.'), {
    ...nothing,
    service: 'pod',
    namespace: 'ns',
    kind: 'pod',
  })
  t.strictSame(told(chain, 's.ns.svc.cluster.local.'), {
    ...nothing,
    service: 's',
    namespace: 'ns',
    kind: 'svc',
  })
  t.strictSame(told(chain, '_http._tcp.S.ns.svc.cluster.local.'), {
    ...nothing,
    'port-name': 'http',
    protocol: 'tcp',
    service: 's',
    namespace: 'ns',
    kind: 'svc',
  })
  t.strictSame(told(chain, 'ep.s.ns.svc.cluster.local.'), {
    ...nothing,
    endpoint: 'ep',
    service: 's',
    namespace: 'ns',
    kind: 'svc',
  })
  t.strictSame(told(chain, 'svc.cluster.local.'), nothing)
  t.strictSame(told(chain, 's.ns.foo.cluster.local.'), { 'parse-error': 'invalid query name' })
  t.strictSame(told(chain, 'example.com.'), {})
})

t.test('metadata of a zonal name tells the topology zone', async (t) => {
  const chain = await over(objects, 'kubernetes cluster.local {\n zonal\n}')
  t.match(told(chain, 'a.pin._zone.s.ns.svc.cluster.local.'), { zone: 'a', service: 's' })
})

t.test('metadata tells of the Pod that asks, where Pods are watched', async (t) => {
  const chain = await over(objects, 'kubernetes cluster.local {\n pods verified\n}')
  t.strictSame(told(chain, 'example.com.', { from: '10.240.0.1' }), {
    'client-namespace': 'podns',
    'client-pod-name': 'client',
    'client-label/app': 'web',
    'client-label/example.com/tier': 'front',
  })
  t.strictSame(told(chain, 'example.com.', { from: '10.240.0.2' }), {})
  const unverified = await over(objects, 'kubernetes cluster.local {\n pods insecure\n}')
  t.strictSame(told(unverified, 'example.com.', { from: '10.240.0.1' }), {})
})

t.test(
  'the search path of a Pod begins with its Namespace and ends with the bare name',
  async (t) => {
    const path = (chain: Chain, qname: string, from: string) =>
      chain
        .plugin('kubernetes')
        .autoPath?.(queryFor(`${qname} A`, { from }))
        ?.map(nameToText)
    const chain = await over(objects, 'kubernetes cluster.local {\n pods verified\n}', {
      search: ['corp.example.'],
    })
    t.strictSame(path(chain, 'x.cluster.local.', '10.240.0.1'), [
      'podns.svc.cluster.local.',
      'svc.cluster.local.',
      'cluster.local.',
      'corp.example.',
      '.',
    ])
    t.equal(path(chain, 'example.com.', '10.240.0.1'), undefined)
    t.equal(path(chain, 'x.cluster.local.', '10.240.0.2'), undefined)
    const unverified = await over(objects, 'kubernetes cluster.local')
    t.equal(path(unverified, 'x.cluster.local.', '10.240.0.1'), undefined)
  },
)
