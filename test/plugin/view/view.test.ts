import t from 'tap'
import { View } from '../../../src/plugin/view/view.ts'
import { queryFor } from '../harness.ts'

const query = queryFor('a.test A', { from: '10.0.0.7' })
const passes = (...values: unknown[]) =>
  new View(
    'v',
    values.map((value) => () => value),
  ).filter(query)

t.test(
  'a block takes a query when all its conditions are true, and nothing but true',
  async (t) => {
    t.equal(passes(), true)
    t.equal(passes(true, true), true)
    t.equal(passes(true, false), false)
    t.equal(passes('true'), false)
    t.equal(passes(1), false)
    t.equal(passes(undefined), false)
  },
)

t.test('conditions see the query', async (t) => {
  const view = new View('v', [(asked) => asked.exchange.client.address === '10.0.0.7'])
  t.equal(view.filter(query), true)
  t.equal(view.filter(queryFor('a.test A', { from: '10.0.0.8' })), false)
})

t.test('the name of the view is told as metadata', async (t) => {
  const told = [...new View('inside', []).metadata()].map(([label, value]) => [label, value()])
  t.strictSame(told, [['view/name', 'inside']])
})
