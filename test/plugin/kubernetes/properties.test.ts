import t from 'tap'
import { addressOctets, addressText } from '../../../src/plugin/kubernetes/address.ts'
import type { Reply } from '../../../src/plugin/reply.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { ancestor, countLabels, fold, nameToText } from '../../../src/wire/name.ts'
import type { Octets } from '../../../src/wire/record.ts'
import { diceOf, oddCluster } from '../../clients/odd-cluster.ts'
import { oddQuestions } from '../../clients/odd-questions.ts'
import fc from '../../fast-check.ts'
import type { Chain } from '../harness.ts'
import { over } from './chain.ts'

const ZONES = ['cluster.local.', 'in-addr.arpa.']
const chance = fc.record({ seed: fc.integer({ min: 1, max: 1_000_000 }) })

/** A cluster of chance, and names to ask in it. */
async function cluster(seed: number): Promise<{ chain: Chain; names: string[] }> {
  const dice = diceOf(seed)
  const objects = oddCluster(dice, 25, ['192.0.2.53'])
  const chain = await over(objects, `kubernetes ${ZONES.join(' ')} {\n pods insecure\n zonal\n}`, {
    zonal: true,
    localAddresses: ['192.0.2.53'],
  })
  const questions = oddQuestions(dice, objects, ZONES, 40)
  return { chain, names: questions.map((question) => question.split(' ')[0] as string) }
}

const TYPES = ['A', 'AAAA', 'SRV', 'CNAME', 'MX', 'HTTPS', 'ANY']

t.test('whether a name exists does not depend on the type that is asked', async (t) => {
  await fc.assert(
    fc.asyncProperty(chance, async ({ seed }) => {
      const { chain, names } = await cluster(seed)
      for (const name of names) {
        const rcodes = new Set<number>()
        for (const type of TYPES) {
          const reply = await chain.reply(`${name} ${type}`)
          if (reply.kind === 'message') rcodes.add(reply.rcode)
        }
        if (rcodes.size > 1) throw new Error(`${name}: ${[...rcodes].join()}`)
      }
    }),
    { numRuns: 15 },
  )
  t.pass('it held')
})

t.test(
  'positive answers have no authority, negative ones the SOA alone; no record comes twice',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        chance,
        fc.constantFrom(...TYPES, 'TXT', 'NS', 'SOA', 'PTR'),
        async ({ seed }, type) => {
          const { chain, names } = await cluster(seed)
          for (const name of names)
            checkSections(`${name} ${type}`, await chain.reply(`${name} ${type}`))
        },
      ),
      { numRuns: 25 },
    )
    t.pass('it held')
  },
)

function checkSections(question: string, reply: Reply): void {
  if (reply.kind !== 'message') return
  const { answer, authority, additional, rcode } = reply
  const negative = answer.length === 0
  if (negative !== (authority.length === 1 && authority[0]?.type === TYPE.SOA))
    throw new Error(question)
  if (negative ? additional.length > 0 : rcode !== RCODE.NOERROR) throw new Error(question)
  if (question.endsWith(' NS')) return
  // Two aliases of one name may lead to the same records, which then stand behind each: so it is with the reference.
  const aliased = answer.some((rr) => rr.type === TYPE.CNAME)
  for (const section of aliased ? [additional] : [answer, additional]) {
    const keys = section.map((rr) => `${rr.owner} ${rr.type} ${rr.rdata}`)
    if (new Set(keys).size !== keys.length) throw new Error(`${question}: a record twice`)
  }
}

t.test(
  'every SRV target has its addresses beside it, and gives them when it is asked',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(chance, async ({ seed }) => {
        const { chain, names } = await cluster(seed)
        for (const name of names) {
          const reply = await chain.reply(`${name} SRV`)
          for (const { rdata, type } of reply.answer) {
            if (type !== TYPE.SRV) continue
            const target = rdata.slice(6)
            const glue = reply.additional.filter((rr) => rr.owner === target)
            if (glue.length === 0)
              throw new Error(`${name}: no address of ${nameToText(target as never)}`)
            if (target.includes('\x03pod')) continue
            for (const address of glue) {
              const asked = await chain.reply(
                `${nameToText(target as never)} ${address.type === TYPE.A ? 'A' : 'AAAA'}`,
              )
              if (!asked.answer.some((rr) => rr.rdata === address.rdata))
                throw new Error(`${name}: ${nameToText(target as never)}`)
            }
          }
        }
      }),
      { numRuns: 15 },
    )
    t.pass('it held')
  },
)

t.test('nothing exists at or below a denied branch', async (t) => {
  await fc.assert(
    fc.asyncProperty(chance, fc.constantFrom('A', 'TXT', 'SRV'), async ({ seed }, type) => {
      const { chain, names } = await cluster(seed)
      for (const name of names) {
        const reply = await chain.reply(`${name} ${type}`)
        const qname = fold(reply.question?.qname as never)
        if (reply.deniedBelow === 0) continue
        const branch = nameToText(ancestor(qname, countLabels(qname) - reply.deniedBelow))
        for (const left of ['', 'x.', '_http._tcp.', 'web-0.', 'a.pin._zone.', 'a.b.c.d.']) {
          const below = await chain.reply(`${left}${branch} ${type}`)
          if (below.rcode !== RCODE.NXDOMAIN)
            throw new Error(`${name} denies ${branch}, ${left}${branch} exists`)
        }
      }
    }),
    { numRuns: 20 },
  )
  t.pass('it held')
})

t.test('an address goes to octets and back', async (t) => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
  )
  fc.assert(
    fc.property(octets, (bytes) => {
      const text = addressText(Buffer.from(bytes).toString('latin1') as Octets)
      const back = addressOctets(text)
      return back !== undefined && addressText(back) === text
    }),
  )
  t.equal(addressText(addressOctets('1:0:0:2:0:0:0:3') as Octets), '1:0:0:2::3')
  t.equal(addressText(addressOctets('::ffff:1.2.3.4') as Octets), '1.2.3.4')
  t.equal(addressText(addressOctets('::') as Octets), '::')
  for (const bad of [
    '',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.4.5',
    'fe80::1%eth0',
    '1::2::3',
    '1.2.3.256',
    '12345::',
    'x',
  ]) {
    t.equal(addressOctets(bad), undefined, bad)
  }
})
