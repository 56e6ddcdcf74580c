import t from 'tap'
import { MAX_ENDPOINTS, MAX_SEARCHED } from '../../../src/plugin/kubernetes/rolls.ts'
import type { Rolls } from '../../../src/plugin/standing.ts'
import { over } from './chain.ts'
import { namespace, service, slice } from './fixture.ts'

const KUBERNETES = 'kubernetes cluster.local'

async function rollsOver(objects: readonly object[], directive = KUBERNETES) {
  const chain = await over(objects, directive)
  return { fed: chain.fed, rolls: chain.plugin('kubernetes').rolls as Rolls }
}

const pod = (podName: string, address: string, conditions: object, more: object = {}) => ({
  addresses: [address],
  conditions,
  nodeName: 'berth',
  targetRef: { kind: 'Pod', name: podName },
  ...more,
})

const web = (more: object = {}) => [
  namespace('shop'),
  service('web', 'shop', { clusterIP: 'None', ports: [], ...more }),
  slice('web-1', 'shop', 'web', [
    pod('web-10', '10.0.0.10', { ready: true }),
    pod('web-2', '10.0.0.2', { ready: false }, { hostname: 'second' }),
    pod('web-1', '10.0.0.1', { ready: false, terminating: true }),
  ]),
]

t.test('each Pod has its state, its own name, and whether DNS tells of it', async (t) => {
  const { rolls } = await rollsOver(web())
  const rest = { node: 'berth', told: false }
  t.strictSame(rolls.of('shop', 'web'), {
    name: 'web.shop.svc.cluster.local.',
    type: 'headless',
    externalName: '',
    publishesNotReady: false,
    endpoints: [
      {
        ...rest,
        pod: 'web-1',
        address: '10.0.0.1',
        state: 'terminating',
        name: '10-0-0-1.web.shop.svc.cluster.local.',
      },
      {
        ...rest,
        pod: 'web-2',
        address: '10.0.0.2',
        state: 'not-ready',
        name: 'second.web.shop.svc.cluster.local.',
      },
      {
        ...rest,
        pod: 'web-10',
        address: '10.0.0.10',
        state: 'ready',
        told: true,
        name: '10-0-0-10.web.shop.svc.cluster.local.',
      },
    ],
  })
  t.equal(rolls.of('shop', 'none'), undefined)
})

t.test('what publishes addresses that are not ready has them told', async (t) => {
  const { rolls } = await rollsOver(web({ publishNotReadyAddresses: true }))
  t.ok(rolls.of('shop', 'web')?.endpoints.every(({ told }) => told))
})

t.test('nothing is told of a Namespace that is not exposed', async (t) => {
  const { rolls } = await rollsOver(web(), `${KUBERNETES} {\nnamespaces other\n}`)
  t.ok(rolls.of('shop', 'web')?.endpoints.every(({ told }) => !told))
})

t.test('Services with something not ready are found first', async (t) => {
  const { rolls } = await rollsOver([...web(), service('ant', 'shop', {}), service('bee', 'zoo')])
  t.strictSame(rolls.find('', 9), ['shop/web', 'shop/ant', 'zoo/bee'])
  t.strictSame(rolls.find('', 2), ['shop/web', 'shop/ant'])
  t.strictSame(rolls.find('O/B', 9), ['zoo/bee'])
})

t.test('a search looks at so many Services, and a roll shows so many addresses', async (t) => {
  const services = Array.from({ length: MAX_SEARCHED + 10 }, (_, i) => service(`s${i}`, 'shop'))
  const addresses = Array.from(
    { length: MAX_ENDPOINTS + 10 },
    (_, i) => `10.0.${i >> 8}.${i & 255}`,
  )
  const { rolls } = await rollsOver([...services, slice('s0-1', 'shop', 's0', addresses)])
  t.equal(rolls.find('', MAX_SEARCHED + 10).length, MAX_SEARCHED)
  t.equal(rolls.of('shop', 's0')?.endpoints.length, MAX_ENDPOINTS)
})

t.test('changes of the Service and of what is behind it are told, and no others', async (t) => {
  const { rolls, fed } = await rollsOver(web())
  let told = 0
  const forget = rolls.onChange('shop', 'web', () => {
    told++
  })
  fed.apply(slice('web-1', 'shop', 'web', ['10.0.0.7'], {}))
  t.equal(told, 1)
  fed.apply(slice('other-1', 'shop', 'other', ['10.0.0.8']))
  t.equal(told, 1)
  fed.remove(service('web', 'shop'))
  t.equal(told, 2)
  forget()
  fed.apply(slice('web-1', 'shop', 'web', ['10.0.0.9']))
  t.equal(told, 2)
})
