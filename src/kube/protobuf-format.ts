import type { Format } from './format.ts'
import { readListEnd, readMetadata, readStatus } from './protobuf-metadata.ts'
import { PROTOBUF_DECODERS } from './protobuf-objects.ts'
import { FrameParser, ProtobufListParser } from './protobuf-stream.ts'
import { applyFact } from './resources.ts'

const MEDIA_TYPE = 'application/vnd.kubernetes.protobuf'

/** Objects here are the octets of one message, good until the parser is given its next chunk. */
export const PROTOBUF_FORMAT: Format = {
  mediaType: MEDIA_TYPE,
  accept: MEDIA_TYPE,
  stream: `${MEDIA_TYPE};stream=watch`,
  metadata(object) {
    const metadata = read(object as Buffer, readMetadata)
    return metadata === undefined || metadata.name === '' ? undefined : metadata
  },
  version: (object) => read(object as Buffer, readMetadata)?.resourceVersion ?? '',
  status: (object) => read(object as Buffer, readStatus) ?? { code: 0, reason: '', message: '' },
  endsList: (object) => read(object as Buffer, readListEnd) ?? false,
  apply(store, kind, object, metadata, pool) {
    const decoder = PROTOBUF_DECODERS[kind.resource]
    if (decoder === undefined) return false
    try {
      applyFact(kind.shelf(store), metadata, () => decoder(object as Buffer, metadata, pool))
      return true
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  },
  watchParser: (event) => new FrameParser(event),
  listParser: (item) => new ProtobufListParser(item),
}

/** What a reader makes of octets; undefined where they are no such message. */
function read<T>(octets: Buffer, reader: (octets: Buffer) => T): T | undefined {
  try {
    return reader(octets)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
