import t from 'tap'
import { over } from './chain.ts'
import { pod, service, slice } from './fixture.ts'

const behind = (address: string, podName?: string) => ({
  addresses: [address],
  conditions: { ready: false },
  ...(podName !== undefined && { targetRef: { kind: 'Pod', name: podName, namespace: 'shop' } }),
})

const services = [
  service('web', 'shop', { clusterIP: '10.0.0.1' }),
  slice('web-1', 'shop', 'web', [
    behind('10.1.0.1', 'web-0'),
    behind('10.1.0.9', 'node-a'),
    behind('10.1.0.5'),
  ]),
  slice('web-2', 'shop', 'web', [behind('2001:db8::1', 'web-0')], { addressType: 'IPv6' }),
  slice('log', 'shop', 'log', [behind('10.1.0.9', 'node-b'), behind('10.1.0.1', 'web-0')]),
]

t.test(
  'a client is named by the Pod that endpoints say has its address, ready or not',
  async (t) => {
    const kubernetes = (await over(services, 'kubernetes cluster.local')).plugin('kubernetes')
    t.equal(kubernetes.podAt?.('10.1.0.1'), 'shop/web-0', 'in two slices')
    t.equal(kubernetes.podAt?.('2001:db8::1'), 'shop/web-0')
    t.equal(kubernetes.podAt?.('10.1.0.9'), undefined, 'of several on one node it may be any')
    t.equal(kubernetes.podAt?.('10.1.0.5'), undefined, 'an endpoint without a Pod')
    t.equal(kubernetes.podAt?.('10.0.0.1'), undefined, 'the address of a Service')
    t.equal(kubernetes.podAt?.('192.0.2.1'), undefined)
  },
)

t.test('where Pods are watched, they say it', async (t) => {
  const pods = [
    pod('alone', 'shop', '10.1.0.5'),
    pod('web-0-new', 'shop', '10.1.0.1'),
    pod('agent', 'kube-system', '10.1.0.7'),
    pod('proxy', 'kube-system', '10.1.0.7'),
  ]
  const directive = 'kubernetes cluster.local {\n pods verified\n}'
  const kubernetes = (await over([...services, ...pods], directive)).plugin('kubernetes')
  t.equal(kubernetes.podAt?.('10.1.0.5'), 'shop/alone')
  t.equal(kubernetes.podAt?.('10.1.0.1'), 'shop/web-0-new')
  t.equal(kubernetes.podAt?.('10.1.0.7'), undefined)
})
