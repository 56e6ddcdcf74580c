import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { fixedStore } from '../../../src/kube/fixed.ts'
import { tellChanges } from '../../../src/plugin/kubernetes/connect.ts'
import { module } from '../../../src/plugin/kubernetes/setup.ts'
import type { Shared } from '../../../src/plugin/setup.ts'
import { arrangeAll, CountedVersions } from '../harness.ts'
import { namespace, service } from './fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'muster-connect-'))
t.teardown(() => rmSync(directory, { recursive: true }))

/** A kubeconfig for a server that nobody asks here. */
function kubeconfig(file: string, server: string): string {
  const path = join(directory, file)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

async function stores(...directives: string[]): Promise<number> {
  const shared = new Map<string, Shared>()
  const blocks = directives.map(
    (lines, i) => `zone${i}.test {\nkubernetes cluster.local in-addr.arpa {\n${lines}\n}\n}\n`,
  )
  await arrangeAll(blocks.join(''), [module], { shared })
  for (const store of shared.values()) await store.close()
  return shared.size
}

t.test('blocks share a store where they ask the same of the same API', async (t) => {
  const one = `kubeconfig ${kubeconfig('one', 'http://127.0.0.1:1')}`
  const two = `kubeconfig ${kubeconfig('two', 'http://127.0.0.1:2')}`
  t.equal(
    await stores(
      one,
      `${one}\nttl 30\npods insecure\nnamespaces shop\nfallthrough\nstartup_timeout 1s`,
    ),
    1,
  )
  t.equal(await stores(one, two), 2)
  for (const more of [
    'pods verified',
    'noendpoints',
    'labels a=b',
    'namespace_labels a=b',
    'zonal',
    'multicluster cluster.local',
    'snapshot one',
  ]) {
    t.equal(await stores(one, `${one}\n${more}`), 2, more)
  }
  t.equal(
    await stores(`${one}\nlabels b,a`, `${one}\nlabels a, b`),
    1,
    'selectors are compared in their canonical spelling',
  )
})

t.test('a kubeconfig that was written anew is another', async (t) => {
  const shared = new Map<string, Shared>()
  const text = `. {\nkubernetes cluster.local {\nkubeconfig ${kubeconfig('three', 'http://127.0.0.1:3')}\n}\n}\n`
  await arrangeAll(text, [module], { shared })
  kubeconfig('three', 'http://127.0.0.1:4')
  await arrangeAll(text, [module], { shared })
  t.equal(shared.size, 2)
  for (const store of shared.values()) await store.close()
})

t.test(
  'every change bumps what it touches and the whole store, and notes the serials',
  async (t) => {
    let now = 1_000_000
    const fed = fixedStore([], { clock: { now: () => now } })
    const versions = new CountedVersions()
    const serials = new Map<string, number>()
    tellChanges(fed.store, 'here', versions, {
      set: (name, serial) => void serials.set(name, serial),
    })
    t.strictSame(
      [...serials],
      [
        ['internal@here', 0],
        ['multicluster@here', 0],
        ['external@here', 0],
      ],
    )
    const reading = () =>
      ['namespace:shop', 'service:shop/web', 'service:shop/other'].map((key) =>
        versions.read(versions.slot(key)),
      )
    fed.apply(namespace('shop'))
    t.strictSame(reading(), [1, 0, 0])
    now += 1000
    fed.apply(service('web', 'shop', { clusterIP: '10.0.0.1' }))
    t.strictSame(reading(), [1, 1, 0])
    t.equal(versions.read(versions.whole('here')), 2)
    t.equal(serials.get('internal@here'), 1001)
    t.equal(serials.get('external@here'), 0)
  },
)
