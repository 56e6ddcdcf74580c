import { fileURLToPath } from 'node:url'
import t from 'tap'
import { SERVICE_CIDRS } from '../../src/demo.ts'
import { createCluster, parseManifest, readManifests } from '../../src/sandbox/index.ts'

t.test('documents, lists and arrays of manifests are opened', async (t) => {
  const text = `
apiVersion: v1
kind: Namespace
metadata: { name: a }
---
# nothing but a comment
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: b } }
---
apiVersion: v1
kind: ConfigMapList
items: [{ metadata: { name: c } }]
`
  const kinds = parseManifest(text).map((one) => `${one.kind} ${one.metadata.name}`)
  t.same(kinds, ['Namespace a', 'Service b', 'ConfigMap c'])
  t.same(parseManifest('[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}]').length, 1)
})

t.test('what is no manifest is refused with file and line', async (t) => {
  t.throws(() => parseManifest('a: [1', 'web.yaml'), { message: /^web\.yaml:1: / })
  t.throws(() => parseManifest('kind: Service', 'web.yaml'), {
    message: 'web.yaml: an object without apiVersion or kind',
  })
  t.throws(() => readManifests('/nowhere/at/all.yaml'), { name: 'ManifestError' })
})

t.test('the demonstration is valid and loads twice without a change', async (t) => {
  const cluster = await createCluster({ serviceCidrs: SERVICE_CIDRS })
  t.teardown(() => cluster.close())
  const folder = fileURLToPath(new URL('../../deploy/demo', import.meta.url))
  const objects = readManifests(folder)
  cluster.apply(objects)
  const { revision } = cluster.storage
  cluster.apply(objects)
  t.equal(cluster.storage.revision, revision)
})
