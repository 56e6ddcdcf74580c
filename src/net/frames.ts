/** Octets of the length before each message of a stream (RFC 1035 §4.2.2). */
const LENGTH_OCTETS = 2
/** What a message that comes in pieces gets at first: memory follows what has come, not what its length promises. */
const FIRST_PIECE_OCTETS = 512

/** Takes messages out of the chunks of a stream, however they are cut. Views of the chunk where a message lies in it whole. */
export class Deframer {
  private chunk: Buffer | undefined
  private at = 0
  /** The beginning of a message whose end has not come, its length included. */
  private piece: Buffer | undefined
  private filled = 0

  /** Gives it the next chunk; all messages of the chunk before have been taken, or it is appended to what is left. */
  take(chunk: Buffer): void {
    this.chunk =
      this.chunk === undefined ? chunk : Buffer.concat([this.chunk.subarray(this.at), chunk])
    this.at = 0
  }

  /** The next whole message; undefined when its end has not come yet. */
  next(): Buffer | undefined {
    const { chunk, at } = this
    if (chunk === undefined) return undefined
    if (this.piece !== undefined) return this.complete(chunk)
    const left = chunk.length - at
    if (left >= LENGTH_OCTETS) {
      const end = at + LENGTH_OCTETS + chunk.readUInt16BE(at)
      if (end <= chunk.length) {
        this.moveTo(end)
        return chunk.subarray(at + LENGTH_OCTETS, end)
      }
    }
    if (left > 0) this.piece = Buffer.allocUnsafeSlow(FIRST_PIECE_OCTETS)
    return left > 0 ? this.complete(chunk) : undefined
  }

  private moveTo(at: number): void {
    this.at = at
    if (at === this.chunk?.length) this.chunk = undefined
  }

  /** Goes on with a message that began in an earlier chunk. */
  private complete(chunk: Buffer): Buffer | undefined {
    while (this.filled < this.wanted) {
      if (this.chunk === undefined) return undefined
      const octets = Math.min(chunk.length - this.at, this.wanted - this.filled)
      const piece = this.room(this.filled + octets)
      chunk.copy(piece, this.filled, this.at, this.at + octets)
      this.filled += octets
      this.moveTo(this.at + octets)
    }
    const message = (this.piece as Buffer).subarray(LENGTH_OCTETS, this.filled)
    this.piece = undefined
    this.filled = 0
    return message
  }

  private get wanted(): number {
    if (this.filled < LENGTH_OCTETS) return LENGTH_OCTETS
    return LENGTH_OCTETS + (this.piece as Buffer).readUInt16BE(0)
  }

  private room(octets: number): Buffer {
    const piece = this.piece as Buffer
    if (octets <= piece.length) return piece
    const larger = Buffer.allocUnsafeSlow(Math.max(octets, 2 * piece.length))
    piece.copy(larger, 0, 0, this.filled)
    this.piece = larger
    return larger
  }
}

/** A message with its length before it. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(LENGTH_OCTETS + message.length)
  framed.writeUInt16BE(message.length, 0)
  framed.set(message, LENGTH_OCTETS)
  return framed
}

/** Gathers messages with their lengths, so that they leave in one write. */
export class Framer {
  private readonly octets: Buffer
  private at = 0

  constructor(octets = 1 << 17) {
    this.octets = Buffer.allocUnsafeSlow(octets)
  }

  /** Whether a message still fits; the buffer holds one of any length when it is empty. */
  fits(messageOctets: number): boolean {
    return this.at + LENGTH_OCTETS + messageOctets <= this.octets.length
  }

  add(message: Uint8Array): void {
    const { octets, at } = this
    octets[at] = message.length >> 8
    octets[at + 1] = message.length & 0xff
    octets.set(message, at + LENGTH_OCTETS)
    this.at = at + LENGTH_OCTETS + message.length
  }

  /** What was gathered, as octets of its own; undefined for nothing. */
  flush(): Buffer | undefined {
    if (this.at === 0) return undefined
    const gathered = Buffer.allocUnsafe(this.at)
    this.octets.copy(gathered, 0, 0, this.at)
    this.at = 0
    return gathered
  }
}
