import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseFlags } from '../../src/cli/flags.ts'
import { startDemo } from '../../src/demo.ts'
import { until } from './alive.ts'

const web = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web', namespace: 'shop' },
}
const db = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'shop' } }

t.test(
  '-state keeps what was done to the demonstration, and what was deleted stays so',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const words = ['-api.port', '0', '-state', join(folder, 'cluster.json')]
    const start = async () => {
      const parsed = parseFlags(words, true)
      if (parsed.outcome === 'usage') throw new Error(parsed.text)
      return startDemo(parsed.flags, folder, (error) => t.fail(String(error)))
    }
    const first = await start()
    first.cluster.patch(web, { type: 'merge', body: { spec: { replicas: 3 } } })
    first.cluster.delete(db)
    const webs = ({ cluster }: typeof first) =>
      cluster
        .list('v1', 'Pod', 'shop')
        .filter(
          ({ metadata, status }) => metadata.labels?.app === 'web' && status.phase === 'Running',
        )
    await until(first.cluster, () => webs(first).length === 3)
    const uids = webs(first).map(({ metadata }) => metadata.uid)
    await first.close()
    const second = await start()
    t.teardown(() => second.close())
    t.same(
      webs(second).map(({ metadata }) => metadata.uid),
      uids,
    )
    t.equal(second.cluster.get(db), undefined)
  },
)
