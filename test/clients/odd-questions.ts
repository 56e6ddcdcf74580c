import { type Dice, pick } from './odd-cluster.ts'

interface ObjectShape {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly hostname?: string
    readonly targetRef?: { readonly name: string }
  }[]
  readonly spec?: {
    readonly clusterIPs?: readonly string[]
    readonly externalIPs?: readonly string[]
  }
  readonly status?: { readonly podIP?: string }
}

const TYPES = [
  'A',
  'AAAA',
  'SRV',
  'TXT',
  'CNAME',
  'MX',
  'NS',
  'SOA',
  'PTR',
  'ANY',
  'HTTPS',
  'DS',
  'TYPE65400',
]
const LEFT = [
  '',
  'http.tcp.',
  '_http._tcp.',
  '_HTTP._TCP.',
  '_._.',
  '_._tcp.',
  '_dns._udp.',
  '_odd._.',
  'web-0.',
  'Web-2.',
  'shared.',
  'a.b.c.',
  'a.pin._zone.',
  'b.prefer._zone.',
  'eu.west.pin._zone.',
  'z.prefer._zone.',
  'a.nix._zone.',
  'pod.b.',
  'pod-a.',
  '*.',
  'a\\.b.',
]

/** Questions after what a cluster holds, and what it nearly holds: `NAME TYPE`. */
export function oddQuestions(
  dice: Dice,
  objects: readonly object[],
  zones: readonly string[],
  count: number,
): string[] {
  const names = namesOf(objects as ObjectShape[])
  const reverse = addressesOf(objects as ObjectShape[]).map(reverseName)
  return Array.from({ length: count }, () => {
    const type = pick(dice, dice() < 0.6 ? ['A', 'AAAA', 'SRV'] : TYPES)
    if (dice() < 0.12) return `${pick(dice, reverse)} ${pick(dice, ['PTR', 'PTR', 'PTR', type])}`
    const name = `${pick(dice, names)}${pick(dice, zones)}`.replace(/(?<=.)\.\.$/, '.')
    return `${dice() < 0.15 ? shuffledCase(dice, name) : name} ${type}`
  })
}

function namesOf(objects: readonly ObjectShape[]): string[] {
  const names = [
    '',
    'svc.',
    'pod.',
    'dns.',
    'ns.dns.',
    'dns-version.',
    'x.dns-version.',
    'foo.',
    'ns.dns.x.',
    'ns.dns.cluster.local.',
    'gone.svc.',
    'x.gone.svc.',
    '1-2-3-4.gone.pod.',
    'www.example.com.',
    'zoo.',
    'api.example.com.zoo.svc.',
    'a.foo.',
    's0.zoo.sub.',
    's1.zoo.svc.sub.',
  ]
  for (const { kind, metadata, endpoints } of objects) {
    const { name, namespace = '' } = metadata
    if (kind === 'Namespace') names.push(`${name}.svc.`, `${name}.pod.`)
    if (kind === 'Service') {
      for (const left of LEFT) names.push(`${left}${name}.${namespace}.svc.`)
      names.push(
        `${name}.${namespace}.`,
        `_http._tcp.${name}.${namespace}.`,
        `web-0.${name}.${namespace}.`,
        `${namespace}.`,
        `${name}.gone.svc.`,
      )
    }
    if (kind !== 'EndpointSlice') continue
    const service = name.replace(/-\d+$/, '')
    for (const { addresses, hostname, targetRef } of endpoints ?? []) {
      for (const address of addresses) {
        const dashed = address.replace(/[.:]/g, '-')
        names.push(
          `${dashed}.${service}.${namespace}.svc.`,
          `${dashed}0.${service}.${namespace}.svc.`,
        )
        names.push(
          `${dashed}.${namespace}.pod.`,
          `x.y.${dashed}.${namespace}.pod.`,
          `x.y.z.${dashed}.${namespace}.pod.`,
        )
      }
      for (const label of [hostname, targetRef?.name]) {
        if (label !== undefined && label.length < 64)
          names.push(`${label}.${service}.${namespace}.svc.`)
      }
    }
  }
  for (const odd of [
    'blah',
    '1-2-3',
    '01-2-3-4',
    '--1',
    '--ffff-102-304',
    'fe80--1',
    '256-1-1-1',
    '1-2-3-4-5',
    'a-b-c-d',
    '::1',
    '2-',
    '-',
  ]) {
    names.push(`${odd}.zoo.pod.`)
  }
  return names
}

function addressesOf(objects: readonly ObjectShape[]): string[] {
  return objects.flatMap(({ spec, endpoints, status }) => [
    ...(spec?.clusterIPs ?? []),
    ...(spec?.externalIPs ?? []),
    ...(endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
    ...(status?.podIP === undefined ? [] : [status.podIP]),
  ])
}

function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.in-addr.arpa.`
  const [front = '', back = ''] = address.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const left = groups(front)
  const right = groups(back.includes('.') ? 'ffff:ac10:909' : back)
  const middle = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const nibbles = [...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join('')
  return `${[...nibbles].reverse().join('.')}.ip6.arpa.`
}

function shuffledCase(dice: Dice, text: string): string {
  return [...text].map((char) => (dice() < 0.5 ? char.toUpperCase() : char)).join('')
}
