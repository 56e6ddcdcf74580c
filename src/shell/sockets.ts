/**
 * Runs inside the shell's network: opens port 53 of the address given there, for datagrams and streams, and hands both sockets to the process that started it,
 * which has its own sockets outside. Stays until that says that it listens.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const { argv } = process
const address = argv[2]
const datagrams = createSocket('udp4').bind(53, address)
await once(datagrams, 'listening')
const streams = createServer().listen(53, address)
await once(streams, 'listening')
await hand('datagrams', datagrams)
await hand('streams', streams)
await Promise.race([once(process, 'message'), once(process, 'disconnect')])
if (process.connected) process.disconnect()
datagrams.close()
streams.close()

function hand(what: string, socket: typeof datagrams | typeof streams): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(what, socket, {}, (error) => (error === null ? resolve() : reject(error)))
  })
}
