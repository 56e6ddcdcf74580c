/** A server in a process of its own: `node server.ts COREFILE TABLE_MIB`. */
import { readFileSync } from 'node:fs'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'

const [path = '', tableMib] = process.argv.slice(2)
const server = new Server({
  log: createLogger(),
  environment: {},
  workingDirectory: '/',
  threads: 2,
  tableMib: Number(tableMib),
})
await server.start(() => ({ text: readFileSync(path, 'utf8'), path }))
process.on('message', () => void server.stop().then(() => process.exit()))
process.send?.('ready')
