import { tmpdir } from 'node:os'
import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import {
  clusterObjects,
  compareTranscript,
  corefileOf,
  transcriptNames,
} from '../parity/kubernetes.ts'
import { freePort } from '../ports.ts'
import { type ApiObject, binary, Kapi } from './kapi.ts'

const skip = binary('kapi') === undefined ? 'no kapi on PATH' : false

t.test(
  'every recorded question over a real API server has the recorded answer',
  { skip },
  async (t) => {
    t.setTimeout(900_000)
    const kapi = await Kapi.start()
    t.teardown(() => kapi.stop())
    for (const object of clusterObjects()) await kapi.put(object as unknown as ApiObject)
    for (const name of transcriptNames()) {
      const [port, upstream] = [await freePort(), await freePort()]
      const text = corefileOf(name, { port, upstream, kubeconfig: kapi.kubeconfig })
      const log: string[] = []
      const server = new Server({
        log: createLogger({ write: (line) => void log.push(line) }),
        environment: {},
        workingDirectory: tmpdir(),
      })
      await server.start(() => ({ text, path: 'Corefile' }))
      const { asked, found } = await compareTranscript(name, port)
      await server.stop()
      t.equal(found.length, 0, `${name}: ${found.length} of ${asked} differ`)
      for (const difference of found.slice(0, 5)) t.comment(difference)
      if (found.length > 0) t.comment(log.slice(0, 20).join(''))
    }
  },
)
