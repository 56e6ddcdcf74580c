/** Records that are shuffled; longer runs are begun at a random one. */
const MAX_SHUFFLED = 16

/** Puts runs of address records in a random order while a reply is copied (plugin loadbalance). */
export class Rotation {
  private readonly order = new Uint8Array(MAX_SHUFFLED)
  private state: number

  constructor(seed: number) {
    this.state = seed | 1
  }

  /**
   * Copies a body. Each run in the list is four words: its offset in the body, how many records it has, octets of one, and how many of them are sent. A
   * truncated reply sends fewer than it has, and any of them.
   */
  copy(
    list: Uint16Array,
    at: number,
    runs: number,
    body: Uint8Array,
    from: number,
    octets: number,
    packet: Uint8Array,
    to: number,
  ): void {
    let source = from
    let done = 0
    for (let run = 0; run < runs; run++, at += 4) {
      const offset = list[at] as number
      const records = list[at + 1] as number
      const size = list[at + 2] as number
      const sent = list[at + 3] as number
      for (; done < offset; done++) packet[to + done] = body[source + done] as number
      if (records <= MAX_SHUFFLED)
        this.shuffle(records, sent, size, body, source + done, packet, to + done)
      else this.start(records, sent, size, body, source + done, packet, to + done)
      done += sent * size
      source += (records - sent) * size
    }
    for (; done < octets; done++) packet[to + done] = body[source + done] as number
  }

  private shuffle(
    records: number,
    sent: number,
    size: number,
    body: Uint8Array,
    from: number,
    packet: Uint8Array,
    to: number,
  ): void {
    const { order } = this
    for (let i = 0; i < records; i++) order[i] = i
    for (let i = 0; i < sent; i++) {
      const j = i + this.below(records - i)
      const record = order[j] as number
      order[j] = order[i] as number
      for (let k = from + record * size, end = k + size; k < end; k++)
        packet[to++] = body[k] as number
    }
  }

  private start(
    records: number,
    sent: number,
    size: number,
    body: Uint8Array,
    from: number,
    packet: Uint8Array,
    to: number,
  ): void {
    let record = this.below(records)
    for (let i = 0; i < sent; i++) {
      for (let k = from + record * size, end = k + size; k < end; k++)
        packet[to++] = body[k] as number
      if (++record === records) record = 0
    }
  }

  /** A number in [0, bound): Marsaglia's xorshift, scaled. */
  private below(bound: number): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x
    return Math.floor(((x >>> 0) / 0x100000000) * bound)
  }
}
