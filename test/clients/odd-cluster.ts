/** A source of chance that repeats itself. */
export type Dice = () => number

/** Mulberry32. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function pick<T>(dice: Dice, from: readonly T[]): T {
  return from[Math.floor(dice() * from.length)] as T
}

type Json = Record<string, unknown>

const NAMESPACES = ['default', 'zoo', 'lab', 'kube-system']
const PORT_LISTS: readonly (readonly Json[])[] = [
  [{ name: 'http', port: 80, protocol: 'TCP' }],
  [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'https', port: 443, protocol: 'TCP' },
  ],
  [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    { name: 'metrics', port: 9153, protocol: 'TCP' },
  ],
  [{ port: 8080, protocol: 'TCP' }],
  [],
  [{ name: 'odd', port: 7000 }],
  [{ name: 'sctp', port: 5000, protocol: 'SCTP' }],
]

/**
 * Objects of all shapes that DNS can meet, and some that an API server with validation would not take.
 *
 * @param local addresses of this machine, which one Service leads to
 */
export function oddCluster(dice: Dice, services: number, local: readonly string[]): object[] {
  const objects: object[] = NAMESPACES.map((name) =>
    object('v1', 'Namespace', { name, labels: name.length === 3 ? { exposed: 'true' } : {} }),
  )
  for (let i = 0; i < services; i++) {
    const namespace = pick(dice, NAMESPACES)
    const name = `s${i}`
    objects.push(service(dice, name, namespace, i))
    const slices = Math.floor(dice() * 4)
    for (let j = 0; j < slices; j++) objects.push(slice(dice, `${name}-${j}`, name, namespace))
  }
  for (let i = 0; i < 4; i++) {
    objects.push(slice(dice, `orphan-${i}`, `gone${i}`, pick(dice, NAMESPACES)))
  }
  objects.push(slice(dice, 'stray', undefined, 'zoo'), ...ourselves(local))
  for (let i = 0; i < 12; i++) objects.push(pod(dice, i))
  return objects
}

function ourselves(local: readonly string[]): object[] {
  const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }]
  const spec = { type: 'ClusterIP', clusterIP: '10.0.255.10', clusterIPs: ['10.0.255.10'], ports }
  const labels = { 'kubernetes.io/service-name': 'dns' }
  const metadata = { name: 'dns', namespace: 'kube-system' }
  return [
    object('v1', 'Service', metadata, { spec }),
    object(
      'discovery.k8s.io/v1',
      'EndpointSlice',
      { ...metadata, labels },
      {
        addressType: 'IPv4',
        endpoints: [{ addresses: [...local], conditions: {} }],
        ports,
      },
    ),
  ]
}

function service(dice: Dice, name: string, namespace: string, i: number): object {
  const v4 = `10.0.${i >> 8}.${i & 255}`
  const v6 = `fd00:1::${(i + 1).toString(16)}`
  const clusterIPs = pick(dice, [
    [v4],
    [v4],
    [v6],
    [v4, v6],
    [v6, v4],
    ['None'],
    ['None'],
    ['None'],
  ])
  const spec: Json = {
    type: pick(dice, ['ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer']),
    clusterIPs,
    clusterIP: clusterIPs[0],
    ports: pick(dice, PORT_LISTS),
  }
  if (dice() < 0.1) delete spec.clusterIPs
  if (dice() < 0.25) Object.assign(spec, { type: 'ExternalName', ...externalName(dice, i) })
  if (dice() < 0.3)
    spec.externalIPs = [`192.0.2.${i & 255}`, ...(dice() < 0.5 ? [`2001:db8::${i}`] : [])]
  const ingress = pick(dice, [
    [],
    [{ ip: `198.51.100.${i & 255}` }],
    [{ hostname: 'lb.example.com' }],
  ])
  return object(
    'v1',
    'Service',
    { name, namespace, labels: { tier: pick(dice, ['a', 'b', 'c']) } },
    { spec, status: { loadBalancer: { ingress } } },
  )
}

function externalName(dice: Dice, i: number): Json {
  const other = `s${Math.max(0, i - 1 - Math.floor(dice() * 5))}.${pick(dice, NAMESPACES)}.svc.cluster.local`
  const externalName = pick(dice, [
    'www.example.com',
    'WWW.Example.com.',
    'gone.example.net',
    other,
    `${other}.`,
    `http.tcp.${other}`,
    `s${i}.zoo.svc.cluster.local`,
    `a.s${i}.zoo.svc.cluster.local`,
    `s${i + 1}.zoo.svc.cluster.local`,
    `s${i + 1}.lab.svc.CLUSTER.local`,
    'cluster.local',
    'ns.dns.cluster.local',
    '10-1-2-3.zoo.pod.cluster.local',
    '10.1.2.3',
    '::1',
  ])
  return { externalName, clusterIPs: undefined, clusterIP: undefined }
}

function slice(dice: Dice, name: string, service: string | undefined, namespace: string): object {
  const family = pick(dice, ['IPv4', 'IPv4', 'IPv6', 'FQDN'])
  const count = Math.floor(dice() * dice() * 12)
  const endpoints = Array.from({ length: count }, () => endpoint(dice, family))
  const tier = pick(dice, ['a', 'b', 'c'])
  const labels = service === undefined ? { tier } : { tier, 'kubernetes.io/service-name': service }
  const ports = pick(dice, [...PORT_LISTS, [{ name: 'http', protocol: 'TCP' }]])
  return object(
    'discovery.k8s.io/v1',
    'EndpointSlice',
    { name, namespace, labels },
    {
      addressType: family,
      endpoints,
      ports,
    },
  )
}

function endpoint(dice: Dice, family: string): Json {
  const byte = () => Math.floor(dice() * 6)
  const address = {
    IPv4: () => `172.16.${byte()}.${byte()}`,
    IPv6: () =>
      pick(dice, [
        `fd00:2::${byte() + 1}`,
        'fd00:2::',
        `fd00:2:0:${byte()}::1:0`,
        '::ffff:172.16.9.9',
      ]),
    FQDN: () => pick(dice, ['www.example.com', 's1.zoo.svc.cluster.local', 'gone.example.net']),
  }[family] as () => string
  const conditions = pick<Json>(dice, [
    { ready: true },
    { ready: true },
    {},
    { ready: false },
    { ready: false, serving: true, terminating: true },
    { ready: true, serving: false, terminating: true },
  ])
  const hostname = pick(dice, [undefined, undefined, 'web-0', 'web-1', 'Web-2', 'shared'])
  const target = pick(dice, [undefined, 'pod-a', 'pod.b', 'x'.repeat(70), 'y'.repeat(63)])
  return {
    addresses: dice() < 0.2 ? [address(), address()] : [address()],
    conditions,
    ...(hostname !== undefined && { hostname }),
    ...(target !== undefined && { targetRef: { kind: 'Pod', name: target } }),
    ...(dice() < 0.5 && { zone: pick(dice, ['a', 'b', 'Eu.West']) }),
  }
}

function pod(dice: Dice, i: number): object {
  const podIP = pick(dice, [`172.16.1.${i & 3}`, `fd00:2::${i}`, '172.16.7.7', 'fd00:2::'])
  const phase = pick(dice, ['Running', 'Running', 'Pending', 'Succeeded', 'Failed'])
  const metadata = { name: `p${i}`, namespace: pick(dice, NAMESPACES), labels: { app: 'x' } }
  return object('v1', 'Pod', metadata, {
    spec: { containers: [{ name: 'c', image: 'i' }] },
    status: { phase, podIP, podIPs: [{ ip: podIP }] },
  })
}

function object(apiVersion: string, kind: string, metadata: Json, more: Json = {}): object {
  return { apiVersion, kind, metadata, ...more }
}
