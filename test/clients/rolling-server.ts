/** A server in a process of its own that its parent may have reload, collect its garbage (with `--expose-gc`), or lose a data thread: `node rolling-server.ts COREFILE`. */
import { readFileSync } from 'node:fs'
import { createLogger } from '../../src/log.ts'
import type { DataPlane } from '../../src/net/plane.ts'
import { Server } from '../../src/server.ts'

const path = process.argv[2] as string
const server = new Server({
  log: createLogger(),
  environment: {},
  workingDirectory: '/',
  threads: 2,
})
await server.start(() => ({ text: readFileSync(path, 'utf8'), path }))

/** The data threads, which nothing outside the server has to do with but this. */
const { plane } = (server as unknown as { running: { listeners: { parts: { plane: DataPlane } } } })
  .running.listeners.parts
process.on('message', (asked: string) => {
  if (asked === 'reload') void server.reload(true).then(() => process.send?.('reloaded'))
  else if (asked === 'collect') globalThis.gc?.()
  else if (asked === 'stop') void server.stop().then(() => process.exit())
  else plane.throwInThread(Number(asked))
})
process.send?.('ready')
