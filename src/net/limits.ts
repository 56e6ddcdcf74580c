import { Limiter } from './limiter.ts'
import { LIMITS } from './shared.ts'
import { ipv4Text, ipv6Text } from './sockaddr.ts'
import { MAPPED, MAX_LIMITED } from './source-filter.ts'
import type { Syscalls } from './syscalls.ts'

/** A client that is held back at a socket. */
export interface LimitedClient {
  readonly address: string
  /** Datagrams that it sends a second. */
  readonly perSecond: number
  /** Share of them that is let through. */
  readonly pass: number
}

/** The limiters of a data thread's sockets, and where the control thread reads who is held back. */
export class Limits {
  private readonly syscalls: Syscalls
  private readonly rows: Uint32Array
  private readonly limiters = new Map<number, Limiter>()

  constructor(syscalls: Syscalls, rows: Uint32Array) {
    this.syscalls = syscalls
    this.rows = rows
    rows.fill(0)
  }

  of(descriptor: number): Limiter {
    let limiter = this.limiters.get(descriptor)
    if (limiter === undefined) {
      limiter = new Limiter(this.syscalls, descriptor)
      this.limiters.set(descriptor, limiter)
    }
    return limiter
  }

  /** Forgets the sockets that are not among these. */
  keep(descriptors: readonly number[]): void {
    for (const descriptor of this.limiters.keys()) {
      if (!descriptors.includes(descriptor)) this.limiters.delete(descriptor)
    }
  }

  /** Returns how many datagrams the kernel has thrown away for it. */
  look(limiter: Limiter, now: number): number {
    if (limiter.look(now)) this.tell()
    return limiter.takeDropped()
  }

  private tell(): void {
    const limited = [...this.limiters.values()].flatMap((limiter) => limiter.limited)
    this.rows.fill(0)
    limited.slice(0, MAX_LIMITED).forEach(({ address, perSecond, pass }, i) => {
      const at = i * LIMITS.WORDS
      this.rows.set(address, at + LIMITS.ADDRESS)
      this.rows[at + LIMITS.PASS] = Math.ceil(pass * 1e6)
      this.rows[at + LIMITS.PER_SECOND] = Math.max(1, Math.round(perSecond))
    })
  }
}

/** Who is held back by a thread. A row that is being written may be half of two: it is for a look at it only. */
export function readLimits(rows: Uint32Array): LimitedClient[] {
  const found: LimitedClient[] = []
  for (let at = 0; at < rows.length; at += LIMITS.WORDS) {
    const perSecond = rows[at + LIMITS.PER_SECOND] as number
    if (perSecond === 0) continue
    const octets = new Uint8Array(16)
    const view = new DataView(octets.buffer)
    for (let i = 0; i < 4; i++) view.setUint32(4 * i, rows[at + i] as number)
    const mapped = rows[at] === 0 && rows[at + 1] === 0 && rows[at + 2] === MAPPED
    const address = mapped ? ipv4Text(octets, 12) : ipv6Text(octets, 0)
    found.push({ address, perSecond, pass: (rows[at + LIMITS.PASS] as number) / 1e6 })
  }
  return found
}
