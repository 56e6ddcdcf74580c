import type { Dice } from '../sameness/dice.ts'
import { optRecord, query, wire } from '../table/harness.ts'

/** Names of the fuzzed server's objects, and such as it denies. */
const NAMES = [
  'web.here.svc.cluster.local',
  'head.here.svc.cluster.local',
  'many.here.svc.cluster.local',
  'pod-1.head.here.svc.cluster.local',
  '_http._tcp.head.here.svc.cluster.local',
  '_http._tcp.web.here.svc.cluster.local',
  '10-1-2-3.here.pod.cluster.local',
  'here.svc.cluster.local',
  'cluster.local',
  'ns.dns.cluster.local',
  'dns-version.cluster.local',
  '1.0.96.10.in-addr.arpa',
  'host.test',
  'api.example.com.here.svc.cluster.local',
  'api.example.com.svc.cluster.local',
  'api.example.com.cluster.local',
  'nobody.here.svc.cluster.local',
  'x.nobody.here.svc.cluster.local',
  'web.nowhere.svc.cluster.local',
  'example.com',
  '.',
]
const TYPES = [1, 28, 33, 16, 15, 6, 2, 5, 12, 65, 255, 41, 43, 250, 251, 252, 0, 65_535]
const SIZES = [0, 1, 511, 512, 1232, 4096, 65_535]

type Way = (dice: Dice) => Buffer

const WAYS: readonly Way[] = [
  valid,
  valid,
  mutated,
  mutated,
  mutated,
  truncated,
  extended,
  pointed,
  oddHeader,
  oddName,
  oddOpt,
  oddOpt,
  anyType,
  noise,
]

/** A packet that a client without manners might send; its first two octets, where it has them, are the caller's. */
export function hostile(dice: Dice): Buffer {
  return dice.pick(WAYS)(dice)
}

function valid(dice: Dice): Buffer {
  const name = dice.pick(NAMES)
  const opt = dice.chance(0.5)
    ? {}
    : {
        udp: dice.pick(SIZES),
        dnssecOk: dice.chance(0.3),
        ...(dice.chance(0.3) ? { cookie: octets(dice, dice.pick([8, 8, 24, 40])) } : {}),
      }
  return query(dice.chance(0.3) ? spelled(name, dice) : name, {
    type: dice.pick(TYPES),
    rd: dice.chance(0.8),
    cd: dice.chance(0.1),
    ad: dice.chance(0.2),
    ...opt,
  })
}

const spelled = (name: string, dice: Dice) =>
  name.replace(/[a-z]/g, (letter) => (dice.chance(0.5) ? letter.toUpperCase() : letter))

function mutated(dice: Dice): Buffer {
  const packet = valid(dice)
  for (let changes = 1 + dice.int(4); changes > 0; changes--) {
    packet[2 + dice.int(packet.length - 2)] = dice.int(256)
  }
  return packet
}

function truncated(dice: Dice): Buffer {
  const packet = valid(dice)
  return packet.subarray(0, dice.int(packet.length))
}

/** More than the question: what another packet may have left behind, up to what a datagram may hold. */
function extended(dice: Dice): Buffer {
  const packet = valid(dice)
  const most = dice.pick([8, 600, 600, 4096, 65_000])
  const more = Buffer.from(octets(dice, 1 + dice.int(most)), 'latin1')
  if (dice.chance(0.3)) more.fill(0)
  return Buffer.concat([packet, more])
}

/** Names with pointers: to themselves, to each other, ahead, into the header, beyond the end. */
function pointed(dice: Dice): Buffer {
  const packet = valid(dice)
  const to = dice.pick([0, 2, 4, 11, 12, 13, 14, packet.length - 2, packet.length, 0x3fff, 20])
  const name = Buffer.from(wire(dice.pick(NAMES)), 'latin1')
  const kept = name.subarray(0, dice.pick([0, name.length - 1, 1 + (name[0] as number)]))
  const rest = Buffer.from([0xc0 | (to >> 8), to & 0xff, 0, dice.pick([1, 28, 33]), 0, 1])
  const chained = Buffer.from([0xc0, 12, 0xc0, 14, 0xc0, 12])
  const tail = dice.chance(0.3) ? chained : Buffer.alloc(0)
  return Buffer.concat([packet.subarray(0, 12), kept, rest, tail])
}

/** Every opcode, response, count and class. */
function oddHeader(dice: Dice): Buffer {
  const packet = valid(dice)
  packet[2] = dice.int(256)
  packet[3] = dice.int(256)
  if (dice.chance(0.5)) packet[4 + dice.int(8)] = dice.pick([0, 1, 2, 3, 255])
  if (dice.chance(0.2)) packet.writeUInt16BE(dice.pick([0, 3, 4, 254, 255, 65_535]), 12)
  return packet
}

/** Labels and names at and above what may be, with octets that a host name does not have. */
function oddName(dice: Dice): Buffer {
  const labels: Buffer[] = []
  for (let left = dice.pick([10, 120, 253, 254, 255, 256, 300, 500]); left > 1; ) {
    const length = Math.min(left - 1, dice.pick([0, 1, 2, 30, 62, 63, 63, 64, 128, 191]))
    labels.push(Buffer.from([length]), Buffer.from(octets(dice, length & 63), 'latin1'))
    left -= length + 1
    if (length === 0) break
  }
  const zone = dice.chance(0.5) ? wire('here.svc.cluster.local') : '\0'
  const question = Buffer.concat([
    ...labels,
    Buffer.from(zone, 'latin1'),
    Buffer.from([0, 1, 0, 1]),
  ])
  return Buffer.concat([valid(dice).subarray(0, 10), Buffer.from([0, 0]), question])
}

/** OPT records that are not what they should be: version, owner, number, lengths, options. */
function oddOpt(dice: Dice): Buffer {
  const packet = query(dice.pick(NAMES), { type: dice.pick(TYPES) })
  const opts = Array.from({ length: 1 + dice.int(2) }, () => {
    const cookie = octets(dice, dice.int(48))
    const opt = Buffer.from(
      optRecord(dice.pick(SIZES), dice.chance(0.7) ? { cookie } : {}),
      'latin1',
    )
    if (dice.chance(0.5)) opt[dice.int(opt.length)] = dice.int(256)
    return opt
  })
  packet[11] = dice.chance(0.9) ? opts.length : dice.int(4)
  return Buffer.concat([packet, ...opts])
}

function anyType(dice: Dice): Buffer {
  return query(dice.pick(NAMES), { type: dice.int(65_536) })
}

function noise(dice: Dice): Buffer {
  return Buffer.from(octets(dice, dice.int(dice.pick([16, 64, 512]))), 'latin1')
}

const octets = (dice: Dice, count: number) =>
  Array.from({ length: count }, () => String.fromCharCode(dice.int(256))).join('')
