import { INITIAL_EVENTS_END_ANNOTATION, type Metadata, type Status } from './decode.ts'
import type { Interner } from './intern.ts'
import { ProtobufReader } from './protobuf.ts'

/** What every object has, in protobuf, by the field numbers of apimachinery's generated.proto. */

/** The first field of every object. */
export const METADATA = 1

export function readMetadata(object: Buffer): Metadata {
  let name = ''
  let namespace = ''
  let resourceVersion = ''
  inMetadata(object, (reader) => {
    if (reader.at() === 1) name = reader.text()
    else if (reader.at() === 3) namespace = reader.text()
    else if (reader.at() === 6) resourceVersion = reader.text()
    else reader.skip()
  })
  return { name, namespace, resourceVersion }
}

/** Whether a bookmark ends a streamed list. */
export function readListEnd(object: Buffer): boolean {
  let ends = false
  inMetadata(object, (reader) => {
    if (reader.at() !== 12) return reader.skip()
    const { key, value } = readEntry(reader)
    if (key === INITIAL_EVENTS_END_ANNOTATION && value === 'true') ends = true
  })
  return ends
}

/** meta/v1 Status. */
export function readStatus(object: Buffer): Status {
  const reader = new ProtobufReader(object)
  const status = { code: 0, reason: '', message: '' }
  while (reader.field()) {
    if (reader.at() === 3) status.message = reader.text()
    else if (reader.at() === 4) status.reason = reader.text()
    else if (reader.at() === 6) status.code = reader.varint()
    else reader.skip()
  }
  return status
}

/** One entry of a map<string, string>. The value of a key that is not `wanted` stays unread. */
export function readEntry(
  reader: ProtobufReader,
  pool?: Interner,
  wanted?: ReadonlySet<string>,
): { key: string; value: string } {
  let key = ''
  let value = ''
  const outer = reader.enter()
  while (reader.field()) {
    if (reader.at() === 1) key = pool === undefined ? reader.text() : reader.knownText(pool.octets)
    else if (reader.at() === 2 && (wanted === undefined || wanted.has(key))) value = reader.text()
    else reader.skip()
  }
  reader.leave(outer)
  return { key, value }
}

/** Each field of an object's metadata. */
function inMetadata(object: Buffer, each: (reader: ProtobufReader) => void): void {
  const reader = new ProtobufReader(object)
  while (reader.field()) {
    if (reader.at() !== METADATA) {
      reader.skip()
      continue
    }
    const outer = reader.enter()
    while (reader.field()) each(reader)
    reader.leave(outer)
    return
  }
}

/** Enters the message that the reader is at and has each field of that number in it read. */
export function within(reader: ProtobufReader, number: number, read: () => void): void {
  const outer = reader.enter()
  while (reader.field()) {
    if (reader.at() === number) read()
    else reader.skip()
  }
  reader.leave(outer)
}
