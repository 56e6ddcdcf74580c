import { Batch } from './batch.ts'
import { writeMiss } from './records.ts'
import { RingReader, RingWriter, ringMemory } from './ring.ts'
import { C, type Syscalls } from './syscalls.ts'

/** Room for one batch of the largest queries. */
const RING_OCTETS = 64 << 10

/** Takes on the control thread what waits at a socket whose data thread does not: one that is not up yet, or has ended. */
export class Leftovers {
  /** The records of the batch that was taken last, as data threads write them. */
  readonly ring: RingReader
  private readonly batch: Batch
  private readonly writer: RingWriter

  constructor(syscalls: Syscalls) {
    const memory = ringMemory(RING_OCTETS)
    this.ring = new RingReader(memory)
    this.writer = new RingWriter(memory)
    this.batch = new Batch(syscalls)
  }

  /** Takes a batch; false when nothing waits. The ring must have been read to its end. */
  take(descriptor: number, listener: number): boolean {
    const { batch, writer } = this
    let received = batch.receive(descriptor, C.MSG_DONTWAIT)
    // An error that waits at the socket comes once, in place of what is there.
    if (received <= 0) received = batch.receive(descriptor, C.MSG_DONTWAIT)
    if (received <= 0) return false
    const now = performance.now()
    for (let slot = 0; slot < received; slot++) {
      if (batch.hasPort(slot)) writeMiss(writer, listener, batch, slot, now)
    }
    batch.reset(received)
    writer.commit()
    return true
  }
}
