import { createRequire } from 'node:module'

const AF_INET = 2
const SOCK_RAW = 3
const IPPROTO_RAW = 255

interface Libc {
  func(definition: string): (...args: unknown[]) => number
}

export type Address = readonly [number, number, number, number]

/** Who says to have sent a datagram, and who gets it. */
export interface Way {
  readonly from: Address
  readonly fromPort: number
  readonly to: Address
  readonly toPort: number
}

/** What sends IPv4 datagrams with the sources that they say; throws where that is not allowed. */
export function openSpoofer(): (packet: Buffer, way: Way) => void {
  const libc = (createRequire(import.meta.url)('koffi') as { load(path: null): Libc }).load(null)
  const sendto = libc.func('long sendto(int, void *, size_t, int, void *, int)')
  const raw = libc.func('int socket(int, int, int)')(AF_INET, SOCK_RAW, IPPROTO_RAW)
  if (raw < 0) throw new Error('no raw socket')
  return (packet, { from, fromPort, to, toPort }) => {
    const ip = Buffer.from([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...from, ...to])
    const udp = Buffer.alloc(8)
    udp.writeUInt16BE(fromPort, 0)
    udp.writeUInt16BE(toPort, 2)
    udp.writeUInt16BE(8 + packet.length, 4)
    const whole = Buffer.concat([ip, udp, packet])
    const name = Buffer.from([AF_INET, 0, 0, 0, ...to, ...Buffer.alloc(8)])
    if (sendto(raw, whole, whole.length, 0, name, name.length) < 0) throw new Error('not sent')
  }
}
