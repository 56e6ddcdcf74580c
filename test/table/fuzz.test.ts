import t from 'tap'
import { Question } from '../../src/table/question.ts'
import { accept } from '../../src/wire/gate.ts'
import { fold, nameOfLabels } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import fc from '../fast-check.ts'
import { A, AAAA, address, Bench, NXDOMAIN, query, reply, soa, wire } from './harness.ts'

const NAMES = ['web.shop.svc.cluster.local', 'a.b', 'x.cluster.local']
const ROOM = 600

/** A table that knows some names and denies all below `com.cluster.local`. */
function known(): Bench {
  const bench = new Bench()
  for (const name of NAMES) {
    for (const udp of [undefined, 1232]) {
      const asked = query(name, udp === undefined ? {} : { udp })
      bench.publish(asked, reply(asked, { answer: [address(1)] }))
    }
  }
  const name = 'a.example.com.cluster.local'
  const asked = query(name)
  const zone = 12 + wire(name).length - wire('cluster.local').length
  const denial = reply(asked, { rcode: NXDOMAIN, authority: [soa(zone)] })
  bench.publish(asked, denial, { deniedBelow: 3 })
  return bench
}

/** Asks with a packet that lies between guards; says how many octets were answered. */
function ask(bench: Bench, packet: Uint8Array, memory: Buffer): number {
  memory.fill(0xa5)
  memory.set(packet, 64)
  bench.reader.enter()
  bench.reader.useScope(bench.scope)
  const octets = bench.reader.answer(memory, 64, packet.length, ROOM, 0, bench.now)
  bench.reader.leave()
  return octets
}

const seldom = <T>(some: fc.Arbitrary<T>, mostly: T) =>
  fc.oneof({ weight: 1, arbitrary: some }, { weight: 6, arbitrary: fc.constant(mostly) })

const mutated = fc
  .record({
    base: fc.constantFrom(
      ...NAMES,
      'q.w.e.com.cluster.local',
      'com.cluster.local',
      'WEB.shOp.Svc.cluster.LOCAL',
    ),
    udp: fc.constantFrom(undefined, 0, 512, 1232),
    cookie: fc.constantFrom(undefined, '12345678', 'x'.repeat(40)),
    type: fc.constantFrom(A, AAAA, 6, 255),
    changes: fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 3 }),
    cut: seldom<number | undefined>(fc.nat(90), undefined),
    more: seldom(fc.uint8Array({ maxLength: 6 }), new Uint8Array(0)),
  })
  .map(({ base, udp, cookie, type, changes, cut, more }) => {
    const opt = udp === undefined ? {} : cookie === undefined ? { udp } : { udp, cookie }
    const packet = Buffer.concat([query(base, { type, ...opt }), more])
    for (const [at, octet] of changes) if (at < packet.length) packet[at] = octet
    return packet.subarray(0, cut ?? packet.length)
  })

/** Where packets may lie: long memory, words of which are read at once, the same one octet further, and short memory. */
const PLACES: Readonly<Record<string, () => Buffer>> = {
  'in long memory': () => Buffer.alloc(8192),
  'between words': () => Buffer.alloc(8193).subarray(1),
  'in short memory': () => Buffer.alloc(64 + ROOM + 64),
}

for (const [where, place] of Object.entries(PLACES)) {
  t.test(`hostile packets ${where} neither throw nor leave a trace`, async (t) => {
    const bench = known()
    const memory = place()
    const packets = fc.oneof(
      { weight: 4, arbitrary: mutated },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 512 }) },
    )
    let answered = 0
    fc.assert(
      fc.property(packets, (packet) => {
        const octets = ask(bench, packet, memory)
        if (octets > 0) answered++
        const end = 64 + Math.max(octets, packet.length)
        return (
          octets <= ROOM &&
          memory.subarray(0, 64).every((octet) => octet === 0xa5) &&
          memory.subarray(end).every((octet) => octet === 0xa5) &&
          (octets > 0 || memory.subarray(64, 64 + packet.length).equals(packet))
        )
      }),
      { numRuns: 20_000 },
    )
    t.ok(answered > 500, `${answered} were answered`)
  })

  t.test(
    `only queries ${where} that the chain would read in the same way are answered, with their own question`,
    async (t) => {
      const bench = known()
      let answered = 0
      const memory = place()
      fc.assert(
        fc.property(mutated, (packet) => {
          const octets = ask(bench, packet, memory)
          if (octets === 0) return true
          answered++
          const asked = readMessage(Buffer.from(packet))
          const given = readMessage(Buffer.from(memory.subarray(64, 64 + octets)))
          return (
            accept(packet) === 'accept' &&
            asked.whole &&
            given.whole &&
            given.id === asked.id &&
            given.question?.qname === asked.question?.qname &&
            given.question?.qtype === asked.question?.qtype &&
            given.question?.qclass === 1 &&
            (asked.opt === undefined || asked.opt.version === 0)
          )
        }),
        { numRuns: 20_000 },
      )
      t.ok(answered > 500, `${answered} were answered`)
    },
  )
}

t.test('a question is read as the reader of messages reads it', async () => {
  const label = fc
    .uint8Array({ minLength: 1, maxLength: 63 })
    .map((octets) => Buffer.from(octets).toString('latin1'))
  const question = new Question(3)
  fc.assert(
    fc.property(
      fc.array(label, { maxLength: 8 }),
      fc.nat(0xffff),
      fc.constantFrom(...Object.values(PLACES)),
      (labels, type, place) => {
        const name = nameOfLabels(labels)
        if (name === undefined) return true
        const length = 12 + name.length + 4
        const packet = place()
        packet.fill(0, 0, 12)
        packet[5] = 1
        packet.write(name, 12, 'latin1')
        packet.writeUInt16BE(type, 12 + name.length)
        packet.writeUInt16BE(1, length - 2)
        if (!question.read(packet, 0, length, false)) return false
        question.split()
        const text = Buffer.from(question.name.subarray(0, question.nameOctets)).toString('latin1')
        return (
          text === fold(name) &&
          question.qtype === type &&
          question.labels === labels.length &&
          question.mixedCase === (fold(name) !== name)
        )
      },
    ),
    { numRuns: 3000 },
  )
})
