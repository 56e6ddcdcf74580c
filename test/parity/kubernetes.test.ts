import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { Server } from '../../src/server.ts'
import { freePort } from '../ports.ts'
import { clusterObjects, compareTranscript, corefileOf, transcriptNames } from './kubernetes.ts'

const directory = mkdtempSync(join(tmpdir(), 'muster-kubernetes-'))
const cluster = await startApiServer({ port: 0 })
cluster.apply(clusterObjects())
const kubeconfig = join(directory, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)

t.teardown(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

for (const name of transcriptNames()) {
  t.test(
    `${name}: every recorded question over the embedded cluster has the recorded answer`,
    async (t) => {
      const [port, upstream] = [await freePort(), await freePort()]
      const text = corefileOf(name, { port, upstream, kubeconfig })
      const log: string[] = []
      const server = new Server({
        log: createLogger({ write: (line) => void log.push(line) }),
        environment: {},
        workingDirectory: directory,
      })
      t.teardown(() => server.stop())
      await server.start(() => ({ text, path: 'Corefile' }))
      const { asked, found } = await compareTranscript(name, port)
      t.ok(asked > 900)
      t.equal(found.length, 0, `${found.length} of ${asked} differ`)
      for (const difference of found.slice(0, 5)) t.comment(difference)
      if (found.length > 0) t.comment(log.slice(0, 20).join(''))
    },
  )
}
