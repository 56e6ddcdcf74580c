import { createSocket } from 'node:dgram'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Linux: the ports that the kernel hands to whoever does not say which. */
const EPHEMERAL = '/proc/sys/net/ipv4/ip_local_port_range'
const LOWEST = 10_000
const HIGHEST = 65_535
/** Fewer to choose from are none: the kernel may hand out nearly all ports here. */
const ENOUGH = 2_000

const below = firstEphemeral() - LOWEST
const count = below >= ENOUGH ? below : HIGHEST - LOWEST

/**
 * A port that was free for UDP and TCP just now, and which no other call is given while this process lives, in whichever process of the machine. The kernel hands it to no
 * client and no server that leaves the choice to it, so that it is still free a while later, and nobody listens there unless it is this test.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * count)
    if (await take(port)) return port
  }
}

/** Two such ports, one right after the other; returns the first. */
export async function freePair(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (await take(port + 1)) return port
  }
}

/** The claim first: a look at a port that is another's would be in its way. */
async function take(port: number): Promise<boolean> {
  return (await claim(port)) && (await isFreeForTcp(port)) && (await isFreeForUdp(port))
}

/** Linux: a name in the abstract namespace of sockets (unix(7)), which is one process's until it ends. Elsewhere nothing is claimed. */
function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true)
  const server = createServer().unref()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(`\0muster-test-port-${port}`, () => resolve(true))
  })
}

function firstEphemeral(): number {
  if (!existsSync(EPHEMERAL)) return 32_768
  return Number.parseInt(readFileSync(EPHEMERAL, 'utf8'), 10)
}

/** On every address. */
function isFreeForTcp(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}

function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(false)))
    socket.bind(port, () => socket.close(() => resolve(true)))
  })
}
