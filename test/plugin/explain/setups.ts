import { ANNOTATIONS, type ObjectInput } from '../../../src/sandbox/index.ts'

/** A broken set-up, a question that finds it out, and what must be said of it. */
export interface BrokenSetUp {
  readonly title: string
  readonly objects: readonly ObjectInput[]
  /** `NAME TYPE`. */
  readonly ask: string
  readonly code: string
  /** The sentence. */
  readonly reason: string
  /** What the remedy says, or begins with. */
  readonly remedy: string
}

const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]

function namespace(name: string): ObjectInput {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

export function service(id: string, spec: object = {}): ObjectInput {
  const [namespace, name] = id.split('/') as [string, string]
  const metadata = { name, namespace }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports, ...spec } }
}

export const headless = (id: string, app: string | undefined, more: object = {}) =>
  service(id, {
    clusterIP: 'None',
    ...(app !== undefined && { selector: { app } }),
    ...more,
  })

const template = (app: string, annotations: object = {}) => ({
  metadata: { labels: { app }, annotations },
  spec: { containers: [{ name: 'main', image: 'main' }] },
})

export function workload(
  kind: 'Deployment' | 'StatefulSet',
  id: string,
  app: string,
  more: object = {},
  annotations: object = {},
): ObjectInput {
  const [namespace, name] = id.split('/') as [string, string]
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app } },
      template: template(app, annotations),
      ...more,
    },
  }
}

const unready = { [ANNOTATIONS.ready]: 'false' }

/** What is right, in Namespace shop: what the wrong questions are about. */
export const RIGHT: readonly ObjectInput[] = [
  ...['shop', 'data', 'empty'].map(namespace),
  service('shop/web', { clusterIP: '10.96.7.7', selector: { app: 'web' } }),
  workload('Deployment', 'shop/web', 'web'),
  service('data/orders', { clusterIP: '10.96.7.8' }),
  headless('shop/db', 'db'),
  workload('StatefulSet', 'shop/db', 'db', { serviceName: 'db' }),
]

export const zone = 'cluster.local.'

export const BROKEN: readonly BrokenSetUp[] = [
  {
    title: 'a Namespace that does not exist, with one that is near',
    objects: [],
    ask: `web.shp.svc.${zone} A`,
    code: 'no-such-namespace',
    reason: 'There is no Namespace shp. There is shop.',
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'a Namespace that does not exist, with none that is near',
    objects: [],
    ask: `web.warehouse.svc.${zone} A`,
    code: 'no-such-namespace',
    reason: 'There is no Namespace warehouse.',
    remedy: 'Create it, or ask in another: there are ',
  },
  {
    title: 'a Namespace that the Corefile does not expose',
    objects: [],
    ask: 'orders.data.svc.exposed.test. A',
    code: 'namespace-not-exposed',
    reason: 'Namespace data is not among those that the Corefile exposes: `namespaces shop`.',
    remedy: 'Add data to `namespaces` of plugin kubernetes.',
  },
  {
    title: 'a Service that does not exist, with one that is near',
    objects: [],
    ask: `wbe.shop.svc.${zone} AAAA`,
    code: 'no-such-service',
    reason: 'There is no Service wbe in Namespace shop. There is web.',
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'a Namespace without Services',
    objects: [],
    ask: `cart.empty.svc.${zone} A`,
    code: 'no-such-service',
    reason: 'There is no Service cart in Namespace empty.',
    remedy: 'Create it: Namespace empty has no Services.',
  },
  {
    title: 'a Service of another Namespace',
    objects: [],
    ask: `orders.shop.svc.${zone} A`,
    code: 'service-elsewhere',
    reason: 'There is no Service orders in Namespace shop. There is one in Namespace data.',
    remedy: `Ask for orders.data.svc.${zone}`,
  },
  {
    title: 'Service and Namespace exchanged',
    objects: [],
    ask: `shop.web.svc.${zone} A`,
    code: 'swapped',
    reason:
      'There is no Namespace web, but Service shop/web: Service and Namespace have changed places.',
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'a selector that matches no Pod',
    objects: [headless('shop/mistyped', 'webb')],
    ask: `mistyped.shop.svc.${zone} A`,
    code: 'selector-matches-no-pod',
    reason:
      'Headless Service shop/mistyped selects app=webb, and no Pod in Namespace shop has these labels. Pods there have app: ',
    remedy: 'Correct the selector of Service mistyped, or the labels of the Pods: app=web.',
  },
  {
    title: 'Pods that are not ready',
    objects: [
      headless('shop/slow', 'slow'),
      workload('StatefulSet', 'shop/slow', 'slow', { serviceName: 'slow' }, unready),
    ],
    ask: `slow.shop.svc.${zone} A`,
    code: 'not-ready',
    reason:
      'Headless Service shop/slow has endpoints and none is ready: slow-0; and the Service does not set publishNotReadyAddresses.',
    remedy: 'Look why it is not ready: `kubectl -n shop describe pod slow-0`.',
  },
  {
    title: 'one Pod of a StatefulSet that is not ready',
    objects: [],
    ask: `slow-0.slow.shop.svc.${zone} A`,
    code: 'not-ready',
    reason:
      'slow-0 is behind Headless Service shop/slow and not ready, and the Service does not set publishNotReadyAddresses.',
    remedy: 'Look why it is not ready: `kubectl -n shop describe pod slow-0`.',
  },
  {
    title: 'a cluster address with nobody ready behind it',
    objects: [service('shop/front', { clusterIP: '10.96.7.9', selector: { app: 'slow' } })],
    ask: `front.shop.svc.${zone} A`,
    code: 'not-ready',
    reason:
      'Service shop/front has endpoints and none is ready: slow-0; and the Service does not set publishNotReadyAddresses. The answer is its cluster address, and nobody is behind that.',
    remedy: 'Look why it is not ready',
  },
  {
    title: 'the same with `ignore empty_service`',
    objects: [],
    ask: 'front.shop.svc.ignored.test. A',
    code: 'not-ready',
    reason:
      'Service shop/front has endpoints and none is ready: slow-0; and the Service does not set publishNotReadyAddresses. With `ignore empty_service` the name does not exist while nothing is behind it.',
    remedy: 'Look why it is not ready',
  },
  {
    title: 'Pods that have no address yet',
    objects: [
      headless('shop/late', 'late'),
      workload(
        'StatefulSet',
        'shop/late',
        'late',
        { serviceName: 'late' },
        { [ANNOTATIONS.startDelay]: '60m' },
      ),
    ],
    ask: `late.shop.svc.${zone} A`,
    code: 'pods-without-address',
    reason:
      'Headless Service shop/late selects Pods that have no address, or will never serve again: late-0 (Pending).',
    remedy: 'Look why they do not run: `kubectl -n shop describe pod late-0`.',
  },
  {
    title: 'a headless Service without selector and without slices',
    objects: [headless('shop/bare', undefined)],
    ask: `bare.shop.svc.${zone} A`,
    code: 'no-endpoints',
    reason:
      'Headless Service shop/bare has no selector, and no EndpointSlice has the label kubernetes.io/service-name=bare.',
    remedy: 'Give it a selector, or make an EndpointSlice in Namespace shop with that label.',
  },
  {
    title: 'a StatefulSet whose serviceName is another Service',
    objects: [
      headless('shop/peers', 'queue'),
      workload('StatefulSet', 'shop/queue', 'queue', { serviceName: 'queues' }),
    ],
    ask: `queue-0.peers.shop.svc.${zone} A`,
    code: 'other-service-name',
    reason:
      'StatefulSet shop/queue, whose Pod queue-0 is, has serviceName queues, not peers: only Service queues gives its Pods names.',
    remedy: `Ask for queue-0.queues.shop.svc.${zone} or create the StatefulSet anew with serviceName: peers.`,
  },
  {
    title: 'a StatefulSet whose serviceName names no Service',
    objects: [workload('StatefulSet', 'shop/stray', 'stray', { serviceName: 'strays' })],
    ask: `stray-0.strays.shop.svc.${zone} A`,
    code: 'no-governing-service',
    reason:
      'There is no Service strays in Namespace shop, and StatefulSet shop/stray has it as serviceName: its Pods stray-0 have no names of their own without it.',
    remedy: "Create it, headless (`clusterIP: None`), with a selector that the Pods' labels match.",
  },
  {
    title: 'a Pod of a StatefulSet without its Service in the name',
    objects: [],
    ask: `db-0.shop.svc.${zone} A`,
    code: 'pod-without-service',
    reason:
      "There is no Service db-0 in Namespace shop. db-0 is a Pod behind Service shop/db: a Pod's name stands below its Service's.",
    remedy: `Ask for db-0.db.shop.svc.${zone}`,
  },
  {
    title: 'an ExternalName that holds an address',
    objects: [service('shop/legacy', { type: 'ExternalName', externalName: '10.1.2.3' })],
    ask: `legacy.shop.svc.${zone} A`,
    code: 'external-name-is-address',
    reason:
      'Service shop/legacy is an ExternalName whose externalName is the address 10.1.2.3: DNS has no alias for an address.',
    remedy: 'Make it a headless Service without selector, and an EndpointSlice with 10.1.2.3.',
  },
  {
    title: 'an ExternalName that leads to nothing',
    objects: [
      service('shop/alias', {
        type: 'ExternalName',
        externalName: `missing.shop.svc.cluster.local`,
      }),
    ],
    ask: `alias.shop.svc.${zone} A`,
    code: 'external-name-fails',
    reason:
      'Service shop/alias leads to missing.shop.svc.cluster.local, for which there is no address.',
    remedy: 'Explain missing.shop.svc.cluster.local itself',
  },
  {
    title: 'ExternalNames that lead to each other',
    objects: [
      service('shop/round', {
        type: 'ExternalName',
        externalName: 'about.data.svc.cluster.local.',
      }),
      service('data/about', { type: 'ExternalName', externalName: 'round.shop.svc.cluster.local' }),
    ],
    ask: `round.shop.svc.${zone} A`,
    code: 'external-name-fails',
    reason: 'Service shop/round leads in a circle: shop/round to data/about to shop/round.',
    remedy: 'Let one of them lead elsewhere: `kubectl -n shop edit service round`.',
  },
  {
    title: 'service instead of svc',
    objects: [],
    ask: `web.shop.service.${zone} A`,
    code: 'neither-svc-nor-pod',
    reason: `Names in ${zone} end in svc or pod before the zone, and this one ends in service.`,
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'an address asked for as a name',
    objects: [],
    ask: '10.96.7.7 A',
    code: 'address-asked',
    reason: '10.96.7.7 is an address, and was asked for as if it were a name.',
    remedy:
      'A client that has an address needs no DNS. To know whose it is, explain 7.7.96.10.in-addr.arpa. PTR (`dig -x 10.96.7.7`).',
  },
  ...[`http://web.shop.svc.cluster.local:80/`, 'web.shop.svc.cluster.local:80'].map((ask) => ({
    title: `what is more than a name: ${ask}`,
    objects: [],
    ask: `${ask} A`,
    code: 'locator-asked',
    reason: `${ask} was asked for as one name: a scheme, a port or a path is no part of a name.`,
    remedy: 'Ask for web.shop.svc.cluster.local. Look in the client',
  })),
  {
    title: 'a search list that was never applied',
    objects: [],
    ask: 'web.shop. A',
    code: 'search-list-not-applied',
    reason:
      'The search list was never applied: web.shop. was asked for as it stands, and Service shop/web exists.',
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'a search list that was applied to a name outside',
    objects: [],
    ask: `www.example.com.${zone} A`,
    code: 'search-list-applied',
    reason: `www.example.com. was asked for with the search domain ${zone} behind it: nothing in the cluster has this name.`,
    remedy: 'Nothing is wrong if the next question is for www.example.com. itself.',
  },
  ...[`shop.svc.${zone}`, `svc.${zone}`, zone].map((search) => ({
    title: `a whole name of the cluster with the search domain ${search} behind it`,
    objects: [],
    ask: `web.shop.svc.${zone}${search} A`,
    code: 'search-list-applied',
    reason: `web.shop.svc.${zone} was asked for with the search domain ${search} behind it: it is a name of a Service that exists here.`,
    remedy:
      'Nothing is wrong: with `ndots:5` this question is normal, and the client goes on with the next. To save it, write the name with a final dot (web.shop.svc.cluster.local.)',
  })),
  {
    title: 'a Service and its Namespace with the first search domain behind them',
    objects: [],
    ask: `orders.data.shop.svc.${zone} A`,
    code: 'search-list-applied',
    reason: `orders.data. was asked for with the search domain shop.svc.${zone} behind it: it names a Service here.`,
    remedy: 'Nothing is wrong: with `ndots:5` this question is normal',
  },
  {
    title: 'a mistyped name of the cluster with a search domain behind it',
    objects: [],
    ask: `wbe.shop.svc.${zone}shop.svc.${zone} A`,
    code: 'search-list-applied',
    reason: `wbe.shop.svc.${zone} was asked for with the search domain shop.svc.${zone} behind it: it is a name of the cluster by itself.`,
    remedy: 'Nothing is wrong: with `ndots:5` this question is normal',
  },
  ...['example.com.', 'www.example.com.', 'a.b.example.de.'].flatMap((outside) =>
    [`shop.svc.${zone}`, `svc.${zone}`].map((search) => ({
      title: `${outside} with the search domain ${search} behind it`,
      objects: [],
      ask: `${outside}${search} A`,
      code: 'search-list-applied',
      reason: `${outside} was asked for with the search domain ${search} behind it: nothing in the cluster has this name.`,
      remedy: `Nothing is wrong: with \`ndots:5\` this question is normal, and the client goes on with the next. To save it, write the name with a final dot (${outside})`,
    })),
  ),
  ...['clutser.local.', 'cluster.locla.', 'cluster.'].map((wrong) => ({
    title: `a mistyped zone: ${wrong}`,
    objects: [],
    ask: `web.shop.svc.${wrong} A`,
    code: 'no-such-zone',
    reason: `${wrong} is no zone here; there is ${zone}`,
    remedy: `Ask for web.shop.svc.${zone}`,
  })),
  {
    title: 'a mistyped zone behind a name of another shape',
    objects: [],
    ask: 'shop.clutser.local. A',
    code: 'no-such-zone',
    reason: `clutser.local. is no zone here; there is ${zone}`,
    remedy: `Ask for shop.${zone}`,
  },
  {
    title: 'a name without svc',
    objects: [],
    ask: `web.shop.${zone} A`,
    code: 'svc-missing',
    reason: `The label svc is missing before ${zone}: Service shop/web exists.`,
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'a name one label too deep',
    objects: [],
    ask: `api.web.shop.svc.${zone} A`,
    code: 'one-label-too-deep',
    reason: `api.web.shop.svc.${zone} is one label too deep: Service shop/web exists, and has no endpoint named api.`,
    remedy: `Ask for web.shop.svc.${zone}`,
  },
  {
    title: 'a port that the Service does not have',
    objects: [],
    ask: `_grpc._tcp.web.shop.svc.${zone} SRV`,
    code: 'no-such-port',
    reason: 'Service shop/web has no port grpc with protocol tcp: it has _http._tcp.',
    remedy: 'Name the port in the Service, or ask for one that it has.',
  },
  {
    title: 'a family that the Service does not have',
    objects: [],
    ask: `web.shop.svc.${zone} AAAA`,
    code: 'no-such-family',
    reason: 'Service shop/web has no IPv6 addresses, only IPv4: the answer is empty, and right.',
    remedy: 'Nothing is wrong where clients ask for both families.',
  },
  {
    title: 'names of Pods while they are not answered',
    objects: [],
    ask: `10-0-0-1.shop.pod.${zone} A`,
    code: 'pods-disabled',
    reason: 'Names of Pods are not answered: plugin kubernetes has no `pods`, or `pods disabled`.',
    remedy: 'Write `pods insecure` or `pods verified` into the block',
  },
  {
    title: 'the address of no Pod, verified',
    objects: [],
    ask: '10-99-99-99.shop.pod.verified.test. A',
    code: 'no-such-pod',
    reason: 'No running Pod has the address 10.99.99.99.',
    remedy: 'Look at `kubectl -n shop get pods -o wide`',
  },
  {
    title: 'an upstream that fails',
    objects: [],
    ask: 'www.example.com. A',
    code: 'upstream-fails',
    reason: 'None of the upstreams 127.0.0.1:',
    remedy: 'Ask one yourself from the same place',
  },
  {
    title: 'a name that hosts does not have',
    objects: [],
    ask: 'www.nowhere.test. A',
    code: 'not-in-hosts',
    reason: 'Plugin hosts does not have www.nowhere.test., and nothing falls through',
    remedy: 'Write `fallthrough` into the block of hosts, or add the name.',
  },
]
