import { randomBytes } from 'node:crypto'
import { joinHostPort } from '../../corefile/addresses.ts'
import { exchangeOnce } from '../../net/upstream/client.ts'
import { type Name, nameFromText } from '../../wire/name.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { Loop, type Probe } from './loop.ts'
import { probeQuery } from './query.ts'

/** How long the probe is sent for, from one try to the next, and how long one waits, in milliseconds. */
const GIVE_UP_MS = 30_000
const RETRY_MS = 1000
const TIMEOUT_MS = 2000

/** `loop`, once in a block. */
export const module: PluginModule = {
  name: 'loop',
  once: true,
  setup(setup) {
    const { tokens, block, host } = setup
    tokens.next()
    if (tokens.nextArg()) throw tokens.argErr()
    const zone = block.keys[0]?.zone ?? '.'
    const loop = new Loop(zone, probeName(zone), (text) => host.fatal(text, 1))
    let watch: Watch | undefined
    setup.onStart(() => {
      watch = new Watch(loop, setup)
      watch.start()
    })
    setup.onStop(() => watch?.stop())
    return loop
  },
}

/** Sends the probe to this server's own address until an answer comes back, or none has for long enough. Then the plugin has nothing more to do. */
class Watch {
  private readonly loop: Loop
  private readonly setup: Setup
  private timer: NodeJS.Timeout | undefined
  private stopped = false
  private readonly deadline: number

  constructor(loop: Loop, setup: Setup) {
    this.loop = loop
    this.setup = setup
    this.deadline = setup.host.now() + GIVE_UP_MS
  }

  /** The sockets open after this. */
  start(): void {
    this.timer = setTimeout(() => void this.send(), 0)
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async send(): Promise<void> {
    const { block, host } = this.setup
    const address = block.listenHosts[0] ?? ''
    const port = block.keys[0]?.port ?? 53
    this.loop.address = joinHostPort(address, port)
    const peer = { address: reachable(address), port }
    const ends = { peer, source: undefined, tls: undefined, now: () => host.now() }
    const outcome = await exchangeOnce(probeQuery(this.loop.qname), ends, 'udp', TIMEOUT_MS)
    if (this.stopped) return
    if (outcome.kind === 'arrived' || host.now() >= this.deadline) {
      this.loop.off = true
      return
    }
    this.loop.reset()
    this.timer = setTimeout(() => void this.send(), RETRY_MS)
    this.timer.unref()
  }
}

/** Where a server that listens on any address is found. */
function reachable(address: string): string {
  if (address === '' || address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

/** A name that nobody else asks for: two random numbers below the zone. */
function probeName(zone: string): Probe {
  const number = () => (randomBytes(8).readBigUInt64BE() >> 2n).toString()
  const text = `${number()}.${number()}.${zone === '.' ? '' : zone}`
  return { text, qname: nameFromText(text) as Name }
}
