import t from 'tap'
import { hasSchema, problemsOf } from './schemas.ts'

const service = () => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'a', labels: { 'kubernetes.io/name': 'b' } },
  spec: { ports: [{ port: 53, targetPort: 'dns' }] as object[] },
})

t.test('an object as it should be has no problem', async (t) => {
  t.strictSame(await problemsOf(service()), [])
})

t.test('a value of the wrong type, a missing field and an unknown field are found', async (t) => {
  const wrong = service()
  wrong.spec.ports = [{ port: '53' }, { name: 'b' }, { port: 53, protocoll: 'UDP' }]
  t.strictSame(await problemsOf(wrong), [
    '/spec/ports/0/port must be integer',
    '/spec/ports/1 must have required property port',
    '/spec/ports/2/protocoll is not known',
  ])
})

t.test('a label that is no text is found', async (t) => {
  const wrong = service()
  Object.assign(wrong.metadata.labels, { 'kubernetes.io/cluster-service': true })
  t.match(await problemsOf(wrong), [
    '/metadata/labels/kubernetes.io~1cluster-service must be string',
  ])
})

t.test('kinds without a published schema are told apart', async (t) => {
  t.equal(await hasSchema({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }), true)
  t.equal(await hasSchema({ apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor' }), true)
  t.equal(await hasSchema({ apiVersion: 'cilium.io/v2', kind: 'CiliumLocalRedirectPolicy' }), false)
})
