import { ANNOTATIONS, type ObjectInput } from '../../../src/sandbox/index.ts'
import { type BrokenSetUp, headless, service, workload, zone } from './setups.ts'

const set = (name: string, replicas: number, more: object = {}) =>
  workload('StatefulSet', `shop/${name}`, name, { serviceName: name, replicas, ...more })

function pod(name: string, labels: Record<string, string>, spec: object): ObjectInput {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels },
    spec: { containers: [{ name: 'main', image: 'main' }], ...spec },
  }
}

/** Slices by hand: one endpoint with a hostname, one without. */
const byHand: ObjectInput = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'hand-1',
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': 'hand' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.42.0.9'], hostname: 'hand-0' },
    { addresses: ['10.42.0.10'] },
    { addresses: ['10.42.0.11'], hostname: 'hand-1' },
  ],
}

const named = (id: string, targetPort: string, app: string) =>
  headless(id, app, { ports: [{ name: 'web', port: 80, protocol: 'TCP', targetPort }] })

/** What is wrong with names and ports of endpoints, below a Service that exists. */
export const BROKEN_ENDPOINTS: readonly BrokenSetUp[] = [
  {
    title: 'a Pod’s name below a Service whose selector matches no Pod',
    objects: [headless('shop/strict', 'strictt'), set('strict', 1)],
    ask: `strict-0.strict.shop.svc.${zone} A`,
    code: 'selector-matches-no-pod',
    reason:
      'Headless Service shop/strict selects app=strictt, and no Pod in Namespace shop has these labels. Pods there have app: ',
    remedy: 'Correct the selector of Service strict, or the labels of the Pods: app=strict.',
  },
  {
    title: 'a hostname below a Service whose selector matches no Pod',
    objects: [
      headless('shop/bar', 'nobody-has-this'),
      pod('one', { app: 'other' }, { hostname: 'foo', subdomain: 'bar' }),
    ],
    ask: `foo.bar.shop.svc.${zone} A`,
    code: 'selector-matches-no-pod',
    reason:
      'Headless Service shop/bar selects app=nobody-has-this, and no Pod in Namespace shop has these labels.',
    remedy: 'Start its Pods, or correct the selector',
  },
  {
    title: 'a Pod’s name below a cluster address with no Pods: nothing is said of that address',
    objects: [service('shop/hollow', { selector: { app: 'hollow' } })],
    ask: `hollow-0.hollow.shop.svc.${zone} A`,
    code: 'selector-matches-no-pod',
    reason:
      'Service shop/hollow selects app=hollow, and no Pod in Namespace shop has these labels. Pods there have app: ',
    remedy: 'Start its Pods, or correct the selector',
  },
  {
    title: 'a Pod’s name below a Service whose Pods have no address yet',
    objects: [],
    ask: `late-0.late.shop.svc.${zone} A`,
    code: 'pods-without-address',
    reason:
      'Headless Service shop/late selects Pods that have no address, or will never serve again: late-0 (Pending).',
    remedy: 'Look why they do not run: `kubectl -n shop describe pod late-0`.',
  },
  {
    title: 'a name below a Service without selector and without slices',
    objects: [],
    ask: `any.bare.shop.svc.${zone} A`,
    code: 'no-endpoints',
    reason:
      'Headless Service shop/bare has no selector, and no EndpointSlice has the label kubernetes.io/service-name=bare.',
    remedy: 'Give it a selector, or make an EndpointSlice',
  },
  {
    title: 'a port of a headless Service whose selector matches no Pod',
    objects: [],
    ask: `_http._tcp.strict.shop.svc.${zone} SRV`,
    code: 'selector-matches-no-pod',
    reason: 'Headless Service shop/strict selects app=strictt, and no Pod',
    remedy: 'Correct the selector of Service strict',
  },
  {
    title: 'one Pod whose labels the selector does not match',
    objects: [
      headless('shop/pair', 'pair'),
      pod('pair-0', { app: 'pair' }, { hostname: 'pair-0', subdomain: 'pair' }),
      pod('pair-1', { app: 'par' }, { hostname: 'pair-1', subdomain: 'pair' }),
    ],
    ask: `pair-1.pair.shop.svc.${zone} A`,
    code: 'pod-not-selected',
    reason:
      'Pod shop/pair-1 is not behind Headless Service shop/pair, which selects app=pair: the Pod does not have these labels.',
    remedy: 'Look at `kubectl -n shop get pod pair-1 --show-labels`',
  },
  {
    title: 'one Pod of several that has no address yet',
    objects: [
      headless('shop/half', 'half'),
      pod('half-0', { app: 'half' }, { hostname: 'half-0', subdomain: 'half' }),
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'half-1',
          namespace: 'shop',
          labels: { app: 'half' },
          annotations: { [ANNOTATIONS.startDelay]: '60m' },
        },
        spec: {
          hostname: 'half-1',
          subdomain: 'half',
          containers: [{ name: 'main', image: 'main' }],
        },
      },
    ],
    ask: `half-1.half.shop.svc.${zone} A`,
    code: 'pods-without-address',
    reason:
      'Headless Service shop/half selects Pods that have no address, or will never serve again: half-1 (Pending).',
    remedy: 'Look why they do not run: `kubectl -n shop describe pod half-1`.',
  },
  {
    title: 'an ordinal that the StatefulSet does not have',
    objects: [headless('shop/two', 'two'), set('two', 2)],
    ask: `two-5.two.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason: 'StatefulSet shop/two has 2 Pods, two-0 and two-1: there is no two-5.',
    remedy: `Scale it, or ask for one of them: two-0.two.shop.svc.${zone}`,
  },
  {
    title: 'an ordinal among many, which are told in their order',
    objects: [headless('shop/many', 'many'), set('many', 11, { podManagementPolicy: 'Parallel' })],
    ask: `many-11.many.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason: 'StatefulSet shop/many has 11 Pods, many-0 to many-10: there is no many-11.',
    remedy: `Scale it, or ask for one of them: many-0.many.shop.svc.${zone}`,
  },
  {
    title: 'an ordinal between those that a StatefulSet has',
    objects: [set('solo', 1, { ordinals: { start: 3 } }), headless('shop/solo', 'solo')],
    ask: `solo-1.solo.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason: 'StatefulSet shop/solo has 1 Pod, solo-3: there is no solo-1.',
    remedy:
      'Look whether it is being made anew, `kubectl -n shop describe statefulset solo`, or ask for one that is there: solo-3.solo.shop.svc.',
  },
  {
    title: 'an ordinal of hostnames that no StatefulSet made',
    objects: [headless('shop/hand', undefined), byHand],
    ask: `hand-7.hand.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason:
      'Headless Service shop/hand has 2 such endpoints, hand-0 and hand-1: there is no hand-7.',
    remedy: `Ask for one of them: hand-0.hand.shop.svc.${zone}`,
  },
  ...['two0', 'two_0', 'tow-0'].map((label) => ({
    title: `a Pod's name that is mistyped: ${label}`,
    objects: [],
    ask: `${label}.two.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason: `Headless Service shop/two has no endpoint named ${label}. There is two-0.`,
    remedy: `Ask for two-0.two.shop.svc.${zone}`,
  })),
  {
    title: 'an address whose endpoint has a hostname',
    objects: [],
    ask: `10-42-0-9.hand.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason:
      'The endpoint with the address 10.42.0.9 has a hostname: it is hand-0 behind Headless Service shop/hand.',
    remedy: `Ask for hand-0.hand.shop.svc.${zone}`,
  },
  {
    title: 'an address that no endpoint of the Service has',
    objects: [],
    ask: `10-42-0-99.hand.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason: 'No endpoint of Headless Service shop/hand has the address 10.42.0.99.',
    remedy: `Ask for hand.shop.svc.${zone}`,
  },
  {
    title: 'a Pod’s name where its hostname is another',
    objects: [
      headless('shop/alter', 'alter'),
      pod('alter-pod', { app: 'alter' }, { hostname: 'ego', subdomain: 'alter' }),
    ],
    ask: `alter-pod.alter.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason:
      'The endpoint of Pod alter-pod has a hostname: it is ego behind Headless Service shop/alter.',
    remedy: `Ask for ego.alter.shop.svc.${zone}`,
  },
  {
    title: 'a label below a Pod’s name',
    objects: [],
    ask: `a.two-0.two.shop.svc.${zone} A`,
    code: 'one-label-too-deep',
    reason: `a.two-0.two.shop.svc.${zone} is one label too deep: two-0 is an endpoint of Headless Service shop/two, and nothing stands below it.`,
    remedy: `Ask for two-0.two.shop.svc.${zone}`,
  },
  {
    title: 'two labels below a Service that are nothing',
    objects: [],
    ask: `a.b.two.shop.svc.${zone} A`,
    code: 'too-many-labels',
    reason:
      'a.b is neither an endpoint of Headless Service shop/two, which is one label, nor a port and its protocol.',
    remedy: `Ask for two.shop.svc.${zone}`,
  },
  {
    title: 'a port and a protocol without underscores, of which the Service has none',
    objects: [],
    ask: `grpc.tcp.two.shop.svc.${zone} SRV`,
    code: 'no-such-port',
    reason: 'Service shop/two has no port grpc with protocol tcp: it has _http._tcp.',
    remedy: 'Name the port in the Service, or ask for one that it has.',
  },
  {
    title: 'a targetPort that no container declares',
    objects: [named('shop/targetbad', 'nosuchport', 'two')],
    ask: `_web._tcp.targetbad.shop.svc.${zone} SRV`,
    code: 'target-port-not-declared',
    reason:
      'Port web of Service shop/targetbad has targetPort nosuchport, which no container of its Pods declares.',
    remedy: 'Give a container of the Pods a port with `name: nosuchport` and protocol TCP',
  },
  {
    title: 'a targetPort that is nearly one that a container declares',
    objects: [
      named('shop/targetnear', 'htpp', 'declares'),
      pod(
        'declares',
        { app: 'declares' },
        {
          containers: [
            { name: 'main', image: 'main', ports: [{ name: 'http', containerPort: 8080 }] },
          ],
        },
      ),
    ],
    ask: `_web._tcp.targetnear.shop.svc.${zone} SRV`,
    code: 'target-port-not-declared',
    reason:
      'Port web of Service shop/targetnear has targetPort htpp, which no container of its Pods declares. They declare http.',
    remedy: 'Give a container of the Pods a port',
  },
  {
    title: 'another port than the one whose targetPort no container declares',
    objects: [],
    ask: `_grpc._tcp.targetbad.shop.svc.${zone} SRV`,
    code: 'no-such-port',
    reason: 'Service shop/targetbad has no port grpc with protocol tcp: it has none.',
    remedy: 'Name the port in the Service, or ask for one that it has.',
  },
  {
    title: 'a Pod’s name below a Service of another Namespace',
    objects: [],
    ask: `two-0.two.data.svc.${zone} A`,
    code: 'service-elsewhere',
    reason: 'There is no Service two in Namespace data. There is one in Namespace shop.',
    remedy: `Ask for two-0.two.shop.svc.${zone}`,
  },
  {
    title: 'a Pod’s name below a Service that is mistyped',
    objects: [],
    ask: `slow-0.slwo.shop.svc.${zone} A`,
    code: 'no-such-service',
    reason: 'There is no Service slwo in Namespace shop. There is slow.',
    remedy: `Ask for slow-0.slow.shop.svc.${zone}`,
  },
  {
    title: 'an ordinal that an earlier Pod holds up',
    objects: [
      headless('shop/ledger', 'ledger'),
      workload(
        'StatefulSet',
        'shop/ledger',
        'ledger',
        { serviceName: 'ledger', replicas: 3 },
        { [ANNOTATIONS.ready]: 'false' },
      ),
    ],
    ask: `ledger-2.ledger.shop.svc.${zone} A`,
    code: 'no-such-endpoint',
    reason:
      'StatefulSet shop/ledger has 1 Pod, ledger-0: there is no ledger-2. ledger-0 is not ready, and a StatefulSet makes no further Pod before the earlier ones are ready',
    remedy: 'Look why it is not ready: `kubectl -n shop describe pod ledger-0`.',
  },
  {
    title: 'a hostname without subdomain',
    objects: [
      headless('shop/lonely', 'lonely'),
      pod('lonely-pod', { app: 'lonely' }, { hostname: 'hermit' }),
    ],
    ask: `hermit.lonely.shop.svc.${zone} A`,
    code: 'no-hostname',
    reason: 'Pod shop/lonely-pod has hostname hermit and no subdomain',
    remedy: 'Create the Pod anew with `subdomain: lonely`.',
  },
  {
    title: 'a Pod’s name in the place of a Service’s',
    objects: [],
    ask: `lonely-pod.shop.svc.${zone} A`,
    code: 'pod-without-service',
    reason: 'There is no Service lonely-pod in Namespace shop. lonely-pod is a Pod',
    remedy: 'Ask for a Service that selects the Pod (its labels: app=lonely), or create one.',
  },
]
