import { isIpv6 } from './peers.ts'
import { isLinkLocal, SOCKADDR_OCTETS } from './sockaddr.ts'
import { C, type NativeMemory, type Syscalls } from './syscalls.ts'

/** Datagrams that one system call takes or gives. */
export const BATCH = 64
/** What is read of a datagram: queries are smaller, and the reference reads no more. */
export const RECEIVE_OCTETS = 512
/** Room for a packet, and for the answer that is written in its place. Not a power of two: packets would all want the same lines of the cache. */
export const PACKET_OCTETS = 4096 + 64
/** Room for one control message: IPV6_PKTINFO takes 40 octets. */
const CONTROL_OCTETS = 64
const IOVEC_OCTETS = 16
/** struct mmsghdr as the kernel has it: struct user_msghdr (56 octets), the length, four octets of padding. */
const HEADER_OCTETS = 64
/** Offsets in struct mmsghdr. */
const NAMELEN = 8
const CONTROLLEN = 40
const FLAGS = 48
const LENGTH = 56
/** Offsets in a control message: length, level, type, then the data. */
const LEVEL = 8
const DATA = 16

/**
 * Memory for one batch of datagrams, laid out as recvmmsg and sendmmsg want it, and the calls. A packet's answer is written over it; `queue` puts it among
 * those that `send` sends.
 *
 * Little-endian, 64 bits: x64 and arm64 alike, and whatever the libc.
 */
export class Batch {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  /** Datagrams that the kernel refused to send. */
  unsent = 0

  private readonly syscalls: Syscalls
  private readonly size: number
  private readonly slotOctets: number
  private readonly iovecAt: number
  private readonly receiveAt: number
  private readonly sendAt: number
  private readonly receiveHeaders: Uint8Array
  private readonly sendHeaders: Uint8Array
  /** By place among those to be sent: the slot that its header points to. It seldom changes, as most batches are sent back as they came. */
  private readonly sources: Uint16Array
  /** The memory's address in two words. */
  private readonly low: number
  private readonly high: number
  private queued = 0

  /**
   * @param size datagrams at most
   * @param slotOctets octets of packet or answer at most
   */
  constructor(syscalls: Syscalls, size = BATCH, slotOctets = PACKET_OCTETS) {
    this.syscalls = syscalls
    this.size = size
    this.slotOctets = slotOctets
    this.iovecAt = size * (slotOctets + SOCKADDR_OCTETS + CONTROL_OCTETS)
    this.receiveAt = this.iovecAt + 2 * size * IOVEC_OCTETS
    this.sendAt = this.receiveAt + size * HEADER_OCTETS
    const memory = syscalls.allocate(this.sendAt + size * HEADER_OCTETS)
    this.bytes = memory.bytes
    this.words = memory.words
    this.low = Number(memory.address & 0xffffffffn)
    this.high = Number(memory.address >> 32n)
    this.receiveHeaders = this.bytes.subarray(this.receiveAt, this.sendAt)
    this.sendHeaders = this.bytes.subarray(this.sendAt)
    this.sources = new Uint16Array(size)
    this.prepare(memory)
  }

  /** Offset of a packet in {@link Batch.bytes}. */
  packetAt(slot: number): number {
    return slot * this.slotOctets
  }

  /** Offset of the client's socket address. */
  nameAt(slot: number): number {
    return this.size * this.slotOctets + slot * SOCKADDR_OCTETS
  }

  /** Offset of the control message that tells which address was asked. */
  controlAt(slot: number): number {
    return this.size * (this.slotOctets + SOCKADDR_OCTETS) + slot * CONTROL_OCTETS
  }

  /** Octets of a packet that was received. */
  octets(slot: number): number {
    return this.words[(this.receiveAt + slot * HEADER_OCTETS + LENGTH) >> 2] as number
  }

  nameOctets(slot: number): number {
    return this.words[(this.receiveAt + slot * HEADER_OCTETS + NAMELEN) >> 2] as number
  }

  controlOctets(slot: number): number {
    return this.words[(this.receiveAt + slot * HEADER_OCTETS + CONTROLLEN) >> 2] as number
  }

  /** Whether the client has a port to answer to: 0 is nobody's (RFC 768), and an answer to it fails. */
  hasPort(slot: number): boolean {
    const port = this.nameAt(slot) + 2
    return this.bytes[port] !== 0 || this.bytes[port + 1] !== 0
  }

  /** Whether the client's address is an IPv6 one, and not an IPv4 one in its clothes. */
  isIpv6(slot: number): boolean {
    return isIpv6(this.bytes, this.nameAt(slot))
  }

  /** Waits for datagrams and takes all that are there, {@link BATCH} at most; -1 for an error, which may be that there was none. */
  receive(fd: number, flags: number): number {
    this.queued = 0
    return this.syscalls.recvmmsg(fd, this.receiveHeaders, this.size, flags)
  }

  /** Lengths are results as well as bounds: they are set again for as many datagrams as came. */
  reset(received: number): void {
    const { words } = this
    for (let slot = 0; slot < received; slot++) {
      const header = (this.receiveAt + slot * HEADER_OCTETS) >> 2
      words[header + NAMELEN / 4] = SOCKADDR_OCTETS
      words[header + CONTROLLEN / 4] = CONTROL_OCTETS
    }
  }

  /** Has a packet's slot sent back to where it came from, with so many octets. To be called before {@link Batch.reset}. */
  queue(slot: number, octets: number): void {
    this.queueTo(slot, octets, this.nameOctets(slot), this.controlOctets(slot))
  }

  /** Has a slot sent that was filled by hand: packet, socket address and control message. */
  queueTo(slot: number, octets: number, nameOctets: number, controlOctets: number): void {
    const { words, queued } = this
    if (controlOctets !== 0) this.clearInterface(slot)
    if (this.sources[queued] !== slot) this.aim(queued, slot)
    const header = (this.sendAt + queued * HEADER_OCTETS) >> 2
    words[(this.iovecAt + (this.size + queued) * IOVEC_OCTETS + 8) >> 2] = octets
    words[header + NAMELEN / 4] = nameOctets
    words[header + CONTROLLEN / 4] = controlOctets
    this.queued = queued + 1
  }

  /** Has the header at a place among those to be sent point to a slot. */
  private aim(place: number, slot: number): void {
    const header = (this.sendAt + place * HEADER_OCTETS) >> 2
    this.point((this.iovecAt + (this.size + place) * IOVEC_OCTETS) >> 2, this.packetAt(slot))
    this.point(header, this.nameAt(slot))
    this.point(header + 8, this.controlAt(slot))
    this.sources[place] = slot
  }

  /**
   * Sends what was queued. The kernel stops at the first datagram that it cannot send: that one is counted and left out, the others go. It is never waited for room:
   * answers to neighbours that are gone hold theirs for seconds, until the kernel gives up looking for them (ARP, RFC 4861 §7.2.2).
   *
   * @returns how many were sent
   */
  send(fd: number): number {
    const { queued, syscalls } = this
    let done = 0
    let failed = 0
    while (done < queued) {
      const all = this.sendHeaders
      const headers = done === 0 ? all : all.subarray(done * HEADER_OCTETS)
      const sent = syscalls.sendmmsg(fd, headers, queued - done, C.MSG_DONTWAIT)
      if (sent > 0) done += sent
      else if (syscalls.errno() !== C.EINTR) {
        done++
        failed++
      }
    }
    this.queued = 0
    this.unsent += failed
    return done - failed
  }

  /** How many datagrams are queued. */
  get pending(): number {
    return this.queued
  }

  get isFull(): boolean {
    return this.queued === this.size
  }

  /**
   * The interface that a datagram came in by must not bind its answer, which may have to leave by another; a link-local address means nothing without it,
   * though (RFC 4007 §6).
   */
  private clearInterface(slot: number): void {
    const { bytes, words } = this
    const at = this.controlAt(slot)
    const level = words[(at + LEVEL) >> 2]
    if (level === C.IPPROTO_IP) words[(at + DATA) >> 2] = 0
    else if (!isLinkLocal(bytes, at + DATA)) words[(at + DATA + 16) >> 2] = 0
  }

  private prepare(memory: NativeMemory): void {
    const { words } = memory
    for (let slot = 0; slot < this.size; slot++) {
      const iovec = (this.iovecAt + slot * IOVEC_OCTETS) >> 2
      this.point(iovec, this.packetAt(slot))
      words[iovec + 2] = RECEIVE_OCTETS
      const header = (this.receiveAt + slot * HEADER_OCTETS) >> 2
      this.point(header, this.nameAt(slot))
      this.point(header + 4, this.iovecAt + slot * IOVEC_OCTETS)
      words[header + 6] = 1
      this.point(header + 8, this.controlAt(slot))
      words[header + FLAGS / 4] = 0
      const sending = (this.sendAt + slot * HEADER_OCTETS) >> 2
      this.point(sending + 4, this.iovecAt + (this.size + slot) * IOVEC_OCTETS)
      words[sending + 6] = 1
      this.aim(slot, slot)
    }
    this.reset(this.size)
  }

  /** Writes the address of an offset of this memory. */
  private point(word: number, offset: number): void {
    const low = this.low + offset
    this.words[word] = low
    this.words[word + 1] = low > 0xffffffff ? this.high + 1 : this.high
  }
}
