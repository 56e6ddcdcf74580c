import type { ObjectInput } from '../../src/sandbox/types.ts'
import { CLASS, TYPE } from '../../src/wire/codes.ts'
import type { Opt } from '../../src/wire/edns.ts'
import { FLAG } from '../../src/wire/header.ts'
import { type Name, nameFromText, nameToText, ROOT } from '../../src/wire/name.ts'
import type { Octets } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'
import type { Way } from './asker.ts'
import type { Dice } from './dice.ts'
import { possible } from './ways.ts'

/** A question, and by which client it is asked. */
export interface Asked {
  readonly packet: Buffer
  readonly way: Way
  /** 0 or 1: which port. */
  readonly listener: number
  readonly text: string
}

const ZONES = [
  'cluster.local',
  'cluster.local',
  'cluster.local',
  'cluster.local',
  'other.test',
  'local',
]
const OUTSIDE = [
  'example.com',
  'api.example.com',
  'alias.example.org',
  'nx.example.com',
  'db.hosts.test',
  'web.hosts.test',
  'more.hosts.test',
  'none.hosts.test',
  'www.file.test',
  'in.file.test',
  'out.file.test',
  'mixed.file.test',
  'many.file.test',
  'a.wild.file.test',
  'x.sub.file.test',
  'file.test',
  'no.file.test',
  'short.test',
  'vip.zoo.k8s.test',
  'head.zoo.k8s.test',
  'nope.zoo.k8s.test',
  'vip.in.test',
  'ip-2-9.tmpl.test',
  'x.tmpl.test',
  'localhost',
  'a.localhost',
  'localhost.zoo.svc.cluster.local',
  '127.in-addr.arpa',
  '1.0.0.127.in-addr.arpa',
  'version.bind',
  'ext.test',
  'dns.ext.test',
  'ns1.dns.ext.test',
  'zoo.ext.test',
  'lb.zoo.ext.test',
  'vip-external-ips.zoo.ext.test',
  'nope.zoo.ext.test',
  'com',
  '.',
]

const WAYS: readonly Way[] = possible([
  ...Array.from({ length: 6 }, (): Way => ({ proto: 'udp', from: '127.0.0.1' })),
  { proto: 'udp', from: '127.0.0.2' },
  { proto: 'udp', from: '::1' },
  { proto: 'tcp', from: '127.0.0.1' },
  { proto: 'tcp', from: '::1' },
])

const TYPES = [TYPE.A, TYPE.A, TYPE.A, TYPE.AAAA, TYPE.AAAA, TYPE.SRV, TYPE.SRV]
const RARE = [
  TYPE.TXT,
  TYPE.SOA,
  TYPE.NS,
  TYPE.CNAME,
  TYPE.PTR,
  TYPE.MX,
  TYPE.DS,
  TYPE.ANY,
  TYPE.HTTPS,
  TYPE.DNSKEY,
  TYPE.HINFO,
  0,
  99,
  65_280,
]

/** Makes questions about the objects of a cluster. */
export class Questions {
  readonly #services: readonly ObjectInput[]
  readonly #addresses: readonly string[]
  readonly #dice: Dice
  readonly #writer = new Writer()

  constructor(objects: readonly ObjectInput[], dice: Dice) {
    this.#services = objects.filter(({ kind }) => kind === 'Service')
    this.#addresses = addressesIn(JSON.stringify(objects))
    this.#dice = dice
  }

  random(): Asked {
    const dice = this.#dice
    const name = this.#name()
    const qname = this.#spelled(nameFromText(name) ?? ROOT)
    const pointed = name.endsWith('.arpa') && dice.chance(0.8)
    const usual = dice.chance(0.75) ? dice.pick(TYPES) : dice.pick(RARE)
    const qtype = pointed ? TYPE.PTR : usual
    const qclass = dice.chance(0.01) ? dice.pick([CLASS.CH, 255, 254]) : CLASS.IN
    const opt = this.#opt()
    const flags = this.#flags()
    const none: never[] = []
    const content = {
      id: 0,
      flags,
      question: { qname, qtype, qclass },
      answer: none,
      authority: none,
      additional: none,
      opt,
    }
    const packet = Buffer.from(this.#writer.write(content, 0xffff))
    const way = dice.pick(WAYS)
    const listener = dice.chance(0.85) ? 0 : 1
    const edns = opt === undefined ? '' : ` opt=${JSON.stringify(opt)}`
    const text = `${nameToText(qname)} class ${qclass} type ${qtype} flags ${flags.toString(16)}${edns} by ${way.proto} from ${way.from} at {{${listener}}}`
    return { packet, way, listener, text }
  }

  #flags(): number {
    const dice = this.#dice
    const rd = dice.chance(0.85) ? FLAG.RD : 0
    const cd = dice.chance(0.1) ? FLAG.CD : 0
    const ad = dice.chance(0.15) ? FLAG.AD : 0
    const odd = dice.chance(0.02) ? dice.pick([FLAG.AA, FLAG.Z, FLAG.RA, 0x1000, 0x2000]) : 0
    return rd | cd | ad | odd
  }

  #opt(): Opt | undefined {
    const dice = this.#dice
    if (dice.chance(0.45)) return undefined
    const options: { code: number; data: Octets }[] = []
    const octets = (count: number) =>
      Array.from({ length: count }, () => String.fromCharCode(dice.int(256))).join('') as Octets
    if (dice.chance(0.3)) options.push({ code: 10, data: octets(dice.pick([8, 16, 24, 40, 3])) })
    if (dice.chance(0.05)) options.push({ code: 3, data: '' as Octets })
    if (dice.chance(0.05)) options.push({ code: 12, data: octets(dice.int(9)) })
    if (dice.chance(0.05)) options.push({ code: 8, data: '\0\x01\x18\0\x0a\x01\x02' as Octets })
    if (dice.chance(0.03)) options.push({ code: 0xffee, data: octets(2) })
    return {
      udpSize: dice.pick([0, 512, 600, 1220, 1232, 1232, 1232, 1300, 1410, 4096, 4096, 65_535]),
      extendedRcode: 0,
      version: dice.chance(0.02) ? 1 : 0,
      flags: (dice.chance(0.3) ? 0x8000 : 0) | (dice.chance(0.03) ? 0x4001 : 0),
      options,
    }
  }

  #spelled(qname: Name): Name {
    const dice = this.#dice
    if (!dice.chance(0.3)) return qname
    const share = dice.pick([0.1, 0.5, 1])
    let spelled = ''
    for (let at = 0; at < qname.length; ) {
      const length = qname.charCodeAt(at)
      spelled += qname[at++]
      for (const end = at + length; at < end; at++) {
        const letter = qname[at] as string
        spelled += dice.chance(share) ? letter.toUpperCase() : letter
      }
    }
    return spelled as Name
  }

  #name(): string {
    const dice = this.#dice
    const zone = dice.pick(ZONES)
    switch (dice.int(12)) {
      case 0:
      case 1:
      case 2:
        return `${this.#service()}.svc.${zone}`
      case 3:
        return `${this.#port()}.${this.#service()}.svc.${zone}`
      case 4:
        return `${this.#below()}.${this.#service()}.svc.${zone}`
      case 5:
        return `${dice.pick(OUTSIDE)}.${dice.pick(['zoo.svc.', 'svc.', '', 'nope.svc.'])}${zone}`
      case 6:
        return dice.pick(OUTSIDE)
      case 7:
        return `${this.#missing()}.${zone}`
      case 8:
        return `${this.#pod()}.${dice.pick(['zoo', 'default', 'nope', 'ghost'])}.pod.${zone}`
      case 9:
        return reverse(dice.chance(0.8) ? dice.pick(this.#addresses) : '10.250.1.2')
      case 10:
        return dice.pick(APEX).replace('ZONE', zone)
      default:
        return `${dice.pick(['a', 'a.b', 'x.y.z', 'a.b.c.d.e.f.g'])}.${this.#missing()}.${zone}`
    }
  }

  #service(): string {
    const { metadata } = this.#dice.pick(this.#services)
    return `${metadata.name}.${metadata.namespace}`
  }

  #port(): string {
    const dice = this.#dice
    return `_${dice.pick(['http', 'https', 'dns', 'c', 'nope', '*'])}._${dice.pick(['tcp', 'udp'])}`
  }

  #below(): string {
    const dice = this.#dice
    const dashed = dice.pick(this.#addresses).replaceAll(/[.:]/g, '-')
    return dice.pick([dashed, dashed, 'web-0', 'x', 'a.b', `_http._tcp.${dashed}`, 'zone-a._zone'])
  }

  #pod(): string {
    const dice = this.#dice
    const address = dice.pick(this.#addresses).replaceAll(/[.:]/g, '-')
    return dice.pick([address, address, '1-2-3-4', 'x', '1-2-3', '2001-db8--1', 'a.1-2-3-4'])
  }

  /** Something that is not there, often the same. */
  #missing(): string {
    const dice = this.#dice
    const n = dice.int(4)
    return dice.pick([
      `nope${n}.zoo.svc`,
      `nope${n}.svc`,
      `x.nope${n}.svc`,
      `nope${n}`,
      `x.nope${n}.pod`,
      `nope${n}.pod`,
      `nope${n}.ghost.svc`,
      'x.nope',
      'nope.svc',
      `old-${n}.nope`,
    ])
  }
}

const APEX = [
  'ZONE',
  'svc.ZONE',
  'pod.ZONE',
  'zoo.svc.ZONE',
  'zoo.pod.ZONE',
  'nope.svc.ZONE',
  'ns.dns.ZONE',
  'x.ns.dns.ZONE',
  'dns.ZONE',
  'x.dns.ZONE',
  'ns.dns.zoo.svc.ZONE',
  'ns.dns.nope.ZONE',
  'dns-version.ZONE',
  'x.dns-version.ZONE',
  'kube-dns.kube-system.svc.ZONE',
]

function addressesIn(text: string): string[] {
  const all = text.match(/"(\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]+:[0-9a-f:]*)"/g) ?? []
  return [...new Set(all.map((quoted) => quoted.slice(1, -1)))]
}

function reverse(address: string): string {
  if (address.includes('.')) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const [front = '', back = ''] = address.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(front), groups(back)]
  const zeros = address.includes('::') ? 8 - before.length - after.length : 0
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  const nibbles = all.map((group) => group.padStart(4, '0')).join('')
  return `${[...nibbles].reverse().join('.')}.ip6.arpa`
}
