import { queuedOctets } from '../../src/net/sockets.ts'
import type { Syscalls } from '../../src/net/syscalls.ts'
import { until } from '../until.ts'
import type { UdpClient } from './clients.ts'

/** A socket that nobody reads yet. */
interface Waiting {
  readonly syscalls: Syscalls
  readonly descriptor: number
  readonly port: number
}

/** Sends messages of one length to a socket, and waits until all lie there: the kernel may bring them a moment after it took them. */
export async function fill(
  { syscalls, descriptor, port }: Waiting,
  client: UdpClient,
  messages: readonly Buffer[],
): Promise<void> {
  const octets = () => queuedOctets(syscalls, descriptor)
  const before = octets()
  let one = Number.POSITIVE_INFINITY
  for (const [i, message] of messages.entries()) {
    await client.send(message, port)
    if (i > 0) continue
    await until(() => octets() > before)
    one = octets() - before
  }
  await until(() => octets() - before >= messages.length * one)
}
