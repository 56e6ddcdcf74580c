import type { Question } from '../table/question.ts'
import type { Batch } from './batch.ts'
import { copy } from './copy.ts'
import type { RingReader, RingWriter } from './ring.ts'

/**
 * Records of the two queues. A miss, in octets:
 *
 *   0 listener  4 octets of socket address | of control message << 8 | of packet << 16  8 microseconds of the clock when it came, the lowest 32 bits
 *   12 socket address, control message, packet
 *
 * An observation has more words, and for the packet only what its answer repeats of it, header and question:
 *
 *   0 listener | 65536 when it must be told | of how many it speaks << 17  4 as above  8 id of the entry  12 octets of the answer  16 key word of the query  20 payload size << 16 | octets of OPT RDATA
 *   24 microseconds that it took  28 socket address, control message, OPT RDATA, header and question of the answer
 */
const MISS_OCTETS = 12
const OBSERVATION_OCTETS = 28
const OBSERVED = 0x10000
const WEIGHT_SHIFT = 17

/**
 * Queues a query that the table has no answer to.
 *
 * @param came milliseconds of the control thread's clock
 * @returns false where the queue is full
 */
export function writeMiss(
  ring: RingWriter,
  listener: number,
  batch: Batch,
  slot: number,
  came: number,
): boolean {
  const [name, control, packet] = [
    batch.nameOctets(slot),
    batch.controlOctets(slot),
    batch.octets(slot),
  ]
  const at = ring.reserve(MISS_OCTETS + name + control + packet)
  if (at < 0) return false
  const { words } = ring
  words[at >> 2] = listener
  words[(at >> 2) + 1] = name | (control << 8) | (packet << 16)
  words[(at >> 2) + 2] = came * 1000
  copy(batch.bytes, batch.nameAt(slot), ring.bytes, at + MISS_OCTETS, name)
  copy(batch.bytes, batch.controlAt(slot), ring.bytes, at + MISS_OCTETS + name, control)
  copy(batch.bytes, batch.packetAt(slot), ring.bytes, at + MISS_OCTETS + name + control, packet)
  return true
}

/** Queues an observation of an answer that lies in its slot; false where the queue is full. */
export function writeObservation(
  ring: RingWriter,
  listener: number,
  batch: Batch,
  slot: number,
  question: Question,
  id: number,
  isObserved: boolean,
  weight: number,
  answerOctets: number,
  microseconds: number,
): boolean {
  const [name, control] = [batch.nameOctets(slot), batch.controlOctets(slot)]
  const packetAt = batch.packetAt(slot)
  const packet = question.end - packetAt
  const option = question.optRdata
  const at = ring.reserve(OBSERVATION_OCTETS + name + control + option + packet)
  if (at < 0) return false
  const { words, bytes } = ring
  const word = at >> 2
  words[word] = listener | (isObserved ? OBSERVED : 0) | (weight << WEIGHT_SHIFT)
  words[word + 1] = name | (control << 8) | (packet << 16)
  words[word + 2] = id
  words[word + 3] = answerOctets
  words[word + 4] = question.keyWord
  words[word + 5] = (question.payloadSize << 16) | option
  words[word + 6] = microseconds
  let to = at + OBSERVATION_OCTETS
  copy(batch.bytes, batch.nameAt(slot), bytes, to, name)
  to += name
  copy(batch.bytes, batch.controlAt(slot), bytes, to, control)
  to += control
  copy(question.cookie, 0, bytes, to, option)
  copy(batch.bytes, packetAt, bytes, to + option, packet)
  return true
}

/** Where the pieces of a record are; filled by {@link readMiss} and {@link readObservation}, and good until the record is released. */
export class Record {
  listener = 0
  nameAt = 0
  nameOctets = 0
  controlAt = 0
  controlOctets = 0
  packetAt = 0
  packetOctets = 0
  optionAt = 0
  optionOctets = 0
  id = 0
  isObserved = false
  /** Of how many answers it speaks, where it is one of a sample; else 0. */
  weight = 0
  answerOctets = 0
  keyWord = 0
  payloadSize = 0
  microseconds = 0
  /** Of a miss: {@link cameAt}. */
  came = 0
}

export function readMiss(ring: RingReader, at: number, record: Record): void {
  record.came = ring.words[(at >> 2) + 2] as number
  readHead(ring, at, record, MISS_OCTETS, 0)
}

/** When a miss came, in milliseconds of the clock that now says `now`: nothing waits for half an hour, after which the bits that are kept mean nothing. */
export function cameAt({ came }: Record, now: number): number {
  const microseconds = ((now * 1000) | 0) - came
  return now - Math.max(0, microseconds | 0) / 1000
}

export function readObservation(ring: RingReader, at: number, record: Record): void {
  const word = at >> 2
  const sizes = ring.words[word + 5] as number
  record.id = ring.words[word + 2] as number
  record.isObserved = ((ring.words[word] as number) & OBSERVED) !== 0
  record.weight = (ring.words[word] as number) >>> WEIGHT_SHIFT
  record.answerOctets = ring.words[word + 3] as number
  record.keyWord = ring.words[word + 4] as number
  record.payloadSize = sizes >>> 16
  record.microseconds = ring.words[word + 6] as number
  readHead(ring, at, record, OBSERVATION_OCTETS, sizes & 0xffff)
}

function readHead(
  ring: RingReader,
  at: number,
  record: Record,
  head: number,
  option: number,
): void {
  const octets = ring.words[(at >> 2) + 1] as number
  record.listener = (ring.words[at >> 2] as number) & 0xffff
  record.nameOctets = octets & 0xff
  record.controlOctets = (octets >> 8) & 0xff
  record.packetOctets = octets >>> 16
  record.optionOctets = option
  record.nameAt = at + head
  record.controlAt = record.nameAt + record.nameOctets
  record.optionAt = record.controlAt + record.controlOctets
  record.packetAt = record.optionAt + option
}

/** The query that an observation was made of, octet for octet: only the plainest are answered from the table, and of those nothing else is unknown. */
export function rebuildQuery(
  bytes: Uint8Array,
  record: Pick<
    Record,
    'keyWord' | 'payloadSize' | 'optionAt' | 'optionOctets' | 'packetAt' | 'packetOctets'
  >,
): Buffer {
  const { keyWord, optionOctets, packetOctets } = record
  const hasOpt = (keyWord & 16) !== 0
  const query = Buffer.alloc(packetOctets + (hasOpt ? 11 + optionOctets : 0))
  query.set(bytes.subarray(record.packetAt, record.packetAt + packetOctets))
  query[2] = keyWord & 1
  query[3] = ((keyWord >> 1) & 3) << 4
  query.fill(0, 4, 12)
  query[5] = 1
  if (!hasOpt) return query
  query[11] = 1
  query[packetOctets + 2] = 41
  query.writeUInt16BE(record.payloadSize, packetOctets + 3)
  query[packetOctets + 7] = (keyWord & 8) === 0 ? 0 : 0x80
  query.writeUInt16BE(optionOctets, packetOctets + 9)
  query.set(bytes.subarray(record.optionAt, record.optionAt + optionOctets), packetOctets + 11)
  return query
}
