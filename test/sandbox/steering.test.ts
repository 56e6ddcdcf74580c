import t from 'tap'
import { aliveCluster } from './alive.ts'
import { ask, deployment } from './api.ts'

const PODS = '/api/v1/namespaces/default/pods'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const container = { name: 'main', image: 'main' }

function pod(name: string, annotations: Record<string, string>) {
  const spec = { containers: [container] }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, annotations }, spec }
}

t.test('who steers a Pod by what counts for nothing is warned', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const warned = async (annotations: Record<string, string>) =>
    (await ask(cluster, 'POST', PODS, pod(`p${Math.random()}`, annotations))).headers.get('warning')
  t.match(
    await warned({ 'sandbox.muster/redy': 'false' }),
    /\[sandbox\.muster\/redy\]: not known; /,
  )
  t.match(
    await warned({ 'sandbox.muster/start-delay': '1h' }),
    /1h\\" is no duration such as 500ms/,
  )
  t.match(await warned({ 'sandbox.muster/ready': 'no' }), /no\\" counts for nothing/)
  t.equal(await warned({ 'sandbox.muster/ready': 'false', 'example.com/redy': 'no' }), null)
  t.equal(await warned({ 'sandbox.muster/stop-delay': '1.5s', 'sandbox.muster/crash': '' }), null)
})

t.test('a workload is steered by its template, not by itself', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const own = deployment('own')
  own.metadata.annotations = { 'sandbox.muster/ready': 'false' }
  const misplaced = await ask(cluster, 'POST', DEPLOYMENTS, own)
  t.match(
    misplaced.headers.get('warning'),
    /"metadata\.annotations\[.*ready\]: counts for nothing here/,
  )
  const templated = deployment('templated')
  templated.spec.template.metadata.annotations = { 'sandbox.muster/ready-delay': 'soon' }
  const said = await ask(cluster, 'POST', DEPLOYMENTS, templated)
  t.match(said.headers.get('warning'), /"spec\.template\.metadata\.annotations\[.*no duration/)
  t.equal(
    (await ask(cluster, 'POST', DEPLOYMENTS, deployment('plain'))).headers.get('warning'),
    null,
  )
})

t.test(
  'kubectl may look for custom resources before it says that a kind is not known',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    const { code, body } = await ask(cluster, 'GET', path)
    t.strictSame([code, body.items], [200, []])
  },
)
