import { connect, type Socket } from 'node:net'
import { Deframer } from '../frames.ts'
import { dialError, type Peer, TIMED_OUT } from './outcome.ts'

/** Octets of all messages of one transfer: what is more is refused before it fills the memory. */
export const MAX_TRANSFER_OCTETS = 512 * 1024 * 1024

/** How a transfer is asked for. */
export interface TransferOptions {
  readonly peer: Peer
  /** How long the connection, and each message after the one before, may take. */
  readonly timeoutMs: number
}

/**
 * Sends a message over TCP and gives the messages that come back, until the caller has enough or the other side closes.
 *
 * @throws Error that says what went wrong with the connection
 */
export async function* messagesFrom(
  message: Buffer,
  { peer, timeoutMs }: TransferOptions,
): AsyncGenerator<Buffer> {
  const stream = connect({ host: peer.address, port: peer.port })
  stream.setTimeout(timeoutMs, () => stream.destroy(new Error(TIMED_OUT)))
  try {
    const length = Buffer.from([message.length >> 8, message.length & 0xff])
    stream.write(Buffer.concat([length, message]))
    yield* messagesOf(stream)
  } catch (error) {
    const reason = error as Error
    throw 'code' in reason ? new Error(dialError('tcp', peer, reason)) : reason
  } finally {
    stream.destroy()
  }
}

async function* messagesOf(stream: Socket): AsyncGenerator<Buffer> {
  const deframer = new Deframer()
  let octets = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_TRANSFER_OCTETS) throw new Error('transfer is too large')
    deframer.take(chunk)
    for (let next = deframer.next(); next !== undefined; next = deframer.next()) yield next
  }
}
