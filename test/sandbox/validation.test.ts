import t from 'tap'
import { ApiError, type Cluster, createCluster } from '../../src/sandbox/index.ts'
import { resource } from '../../src/sandbox/resources.ts'
import type { Json } from '../../src/sandbox/types.ts'
/**
 * Objects, most of them wrong in one thing, and what the validation of Kubernetes v1.35.4 (pkg/apis/.../validation, called as its
 * API server calls it) said: reason, field and message of each cause. With `old`, an update.
 */
import cases from './fixtures/validation.json' with { type: 'json' }

t.test('objects are refused for what the API server refuses them, in its words', async (t) => {
  const cluster = await createCluster({ serviceCidrs: ['10.96.0.0/12', 'fd00::/108'] })
  t.teardown(() => cluster.close())
  for (const { object, old, causes = [] } of cases as Json[]) {
    const about = `${object.kind} ${JSON.stringify(object.spec ?? object.endpoints ?? object)}`
    const status = statusOf(() => write(cluster, object, old))
    const told = (status?.details?.causes ?? []).map((one) => [one.reason, one.field, one.message])
    t.same(told, causes, about.slice(0, 160))
    if (causes.length > 0) t.equal(status?.reason, 'Invalid')
  }
})

t.test('the message of a refusal lists its causes', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const spec = { ports: [{ port: 0 }, { port: 80, name: 'a' }] }
  const metadata = { name: 'web', namespace: 'default' }
  const status = statusOf(() =>
    cluster.create({ apiVersion: 'v1', kind: 'Service', metadata, spec }),
  )
  t.equal(
    status?.message,
    'Service "web" is invalid: [spec.ports[0].name: Required value, spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive]',
  )
  t.equal(status?.code, 422)
})

function write(cluster: Cluster, object: Json, old: Json): void {
  if (old === undefined) {
    cluster.create(object, { dryRun: true })
    return
  }
  cluster.create(old)
  try {
    cluster.update(object)
  } finally {
    const { namespace = '', name } = old.metadata
    cluster.registry.remove(resource(old.apiVersion, old.kind), namespace, name)
  }
}

function statusOf(action: () => unknown): ApiError['status'] | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
}
