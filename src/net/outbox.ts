import { Batch, PACKET_OCTETS } from './batch.ts'
import { copy } from './copy.ts'
import type { Syscalls } from './syscalls.ts'

const LARGE_OCTETS = 0x10000

/** Answers that leave from the control thread, gathered for one system call. */
export class Outbox {
  /** Where answers may be written in place: slot {@link Outbox.slot} of this. */
  readonly batch: Batch
  private readonly large: Batch
  private descriptor = -1

  constructor(syscalls: Syscalls) {
    this.batch = new Batch(syscalls)
    this.large = new Batch(syscalls, 1, LARGE_OCTETS)
  }

  get unsent(): number {
    return this.batch.unsent + this.large.unsent
  }

  /** The slot that the next answer takes, for answers from this socket; those of another are sent first. */
  slotFor(descriptor: number): number {
    if (this.descriptor !== descriptor || this.batch.isFull) this.flush()
    this.descriptor = descriptor
    return this.batch.pending
  }

  /** Queues a message for the client whose address and control message these are. */
  put(
    descriptor: number,
    message: Uint8Array,
    to: Uint8Array,
    nameAt: number,
    nameOctets: number,
    controlAt: number,
    controlOctets: number,
  ): void {
    const slot = this.slotFor(descriptor)
    const isLarge = message.length > PACKET_OCTETS
    const batch = isLarge ? this.large : this.batch
    const at = isLarge ? 0 : slot
    batch.bytes.set(message, batch.packetAt(at))
    copy(to, nameAt, batch.bytes, batch.nameAt(at), nameOctets)
    copy(to, controlAt, batch.bytes, batch.controlAt(at), controlOctets)
    batch.queueTo(at, message.length, nameOctets, controlOctets)
    if (isLarge) batch.send(descriptor)
  }

  flush(): void {
    if (this.batch.pending > 0) this.batch.send(this.descriptor)
  }
}
