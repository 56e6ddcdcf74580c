import t from 'tap'
import {
  matcher,
  matchesLabels,
  parseLabelSelector,
  requirementsOf,
  selectorText,
} from '../../src/sandbox/selectors.ts'

const labels = { app: 'web', tier: 'front', 'example.com/on': '' }

const cases: [string, boolean][] = [
  ['', true],
  ['app=web', true],
  ['app==web,tier!=back', true],
  ['app!=web', false],
  ['missing!=x', true],
  ['app in (db, web)', true],
  ['app notin (db,web)', false],
  ['missing notin (a)', true],
  ['missing in (a)', false],
  ['example.com/on', true],
  ['!example.com/on', false],
  ['!missing,app', true],
  ['example.com/on=', true],
]

for (const [text, expected] of cases) {
  t.test(`label selector ${JSON.stringify(text)} is ${expected} of the example`, async (t) => {
    t.equal(matchesLabels(parseLabelSelector(text), labels), expected)
  })
}

t.test('what is no label selector is refused', async (t) => {
  for (const text of ['a b', 'a in b', '=x', 'a=b=c', 'a>', '-a=b', 'a in (b']) {
    t.throws(() => parseLabelSelector(text), { message: /unable to parse requirement/ }, text)
  }
})

t.test('field selectors compare paths, and name the ones that a kind lacks', async (t) => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'n' },
    spec: { nodeName: 'node-a' },
    status: { phase: 'Running' },
  }
  t.equal(matcher('Pod', '', 'spec.nodeName!=node-b,status.phase=Running')(pod), true)
  t.equal(matcher('Pod', '', 'spec.nodeName!=node-a')(pod), false)
  t.equal(matcher('Pod', '', 'metadata.name==a,metadata.namespace=n')(pod), true)
  t.throws(() => matcher('Service', '', 'status.phase=Running'), {
    message: 'field label not supported: status.phase',
  })
})

t.test('matchExpressions mean what the query form means', async (t) => {
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'NotIn', values: ['back'] },
      { key: 'missing', operator: 'DoesNotExist' },
    ],
  }
  t.equal(matchesLabels(requirementsOf(selector), labels), true)
  t.equal(selectorText(selector), '!missing,app=web,tier notin (back)')
})
