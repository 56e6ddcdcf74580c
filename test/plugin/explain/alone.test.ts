import t from 'tap'
import { module as explain } from '../../../src/plugin/explain/setup.ts'
import { ageText, explanationText } from '../../../src/plugin/explain/text.ts'
import type { Explanation, Walk } from '../../../src/plugin/why.ts'
import { arrange, mistake, queryFor } from '../harness.ts'
import { over } from '../kubernetes/chain.ts'
import { handlerCluster } from '../kubernetes/fixture.ts'

async function explained(question: string, options: { synced?: boolean } = {}) {
  const chain = await over(handlerCluster, 'kubernetes cluster.local 10.0.0.0/8', options)
  const reply = await chain.reply(question)
  const query = queryFor(question, {}, chain.router)
  return (await chain.plugin('kubernetes').explain?.(query, reply)) as Explanation
}

t.test('while the API is away, the facts are those of the watch', async (t) => {
  const { facts, problems } = await explained('hdls1.testns.svc.cluster.local. A')
  t.strictSame(problems, [])
  t.strictSame(
    facts.map(({ kind, name, ageSeconds }) => [kind, name, ageSeconds]),
    [
      ['Service', 'testns/hdls1', undefined],
      ['EndpointSlice', 'testns/hdls1', undefined],
    ],
  )
  const { problems: empty } = await explained('svcempty.testns.svc.cluster.local. A')
  t.match(empty, [{ code: 'no-endpoints' }])
})

t.test('before the lists are there, nothing is said to be missing', async (t) => {
  const { problems } = await explained('web.nowhere.svc.cluster.local. A', { synced: false })
  t.match(problems, [{ code: 'not-synced' }])
})

t.test('an address is explained by who has it, and one that nobody has as such', async (t) => {
  const { facts } = await explained('1.0.0.10.in-addr.arpa. PTR')
  t.match(facts, [{ kind: 'Service', says: 'has the cluster address 10.0.0.1' }, {}])
  const { problems } = await explained('9.9.9.10.in-addr.arpa. PTR')
  t.match(problems, [{ code: 'address-of-nobody' }])
  const { problems: half } = await explained('9.10.in-addr.arpa. PTR')
  t.match(half, [{ code: 'no-address' }])
})

t.test('names that are right have nothing wrong with them', async (t) => {
  for (const question of [
    'svc1.testns.svc.cluster.local. A',
    'ep1a.svc1.testns.svc.cluster.local. A',
    '_http._tcp.svc1.testns.svc.cluster.local. SRV',
    'external-to-service.testns.svc.cluster.local. A',
    'testns.svc.cluster.local. A',
    'cluster.local. SOA',
    'ns.dns.cluster.local. A',
    'dns-version.cluster.local. TXT',
  ]) {
    t.strictSame((await explained(question)).problems, [], question)
  }
})

t.test('a name that nobody serves is told so', async (t) => {
  const walk: Walk = {
    name: 'a.test.',
    type: 'A',
    client: '127.0.0.1',
    listener: 'dns://:53',
    zone: undefined,
    rcode: 'REFUSED',
    answer: [],
    authority: [],
    steps: [],
    problems: [{ code: 'no-server-block', reason: 'No block takes it.', remedy: 'Write one.' }],
  }
  t.equal(
    explanationText(walk),
    'a.test. A, asked by 127.0.0.1: REFUSED\n\nNo block takes it.\n    Write one.\n\nThe way: nowhere\n',
  )
  t.strictSame([5, 119, 120, 7200, 200_000].map(ageText), ['5s', '119s', '2m', '2h', '2d'])
})

t.test('its block takes one address and nothing else', async (t) => {
  t.match(await mistake('explain a b', [explain]), /Wrong argument count/)
  t.match(await mistake('explain nowhere', [explain]), /address nowhere: missing port in address/)
  t.match(await mistake('explain {\n loud\n}', [explain]), /unknown property 'loud'/)
  await t.resolves(arrange('explain :9154', [explain]))
})
