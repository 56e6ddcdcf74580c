import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Inspector } from '../../src/kube/inspect.ts'
import { FakeApi } from './fake-api.ts'
import { service } from './objects.ts'

t.test('a look that found no kubeconfig is no reason not to look again', async (t) => {
  const api = new FakeApi()
  api.put('services', service('db', 'shop'))
  const server = await api.listen()
  t.teardown(() => api.close())
  const path = join(t.testdir(), 'config')
  const inspector = new Inspector({ kubeconfig: { path } }, { version: '0' })
  t.teardown(() => inspector.close())
  const look = () => inspector.list({ resource: 'services' })
  t.match(await look(), { failure: /no such file or directory/ })
  writeFileSync(
    path,
    `apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: "${server}"}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n`,
  )
  let found = await look()
  // A look has some seconds, which a slow machine may need several times.
  for (let tries = 1; tries < 10 && 'failure' in found; tries++) found = await look()
  t.match(found, { objects: [{ metadata: { name: 'db' } }] })
})
