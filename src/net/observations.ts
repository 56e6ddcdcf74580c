import type { Front, OnRepeat } from './front.ts'
import type { Listening } from './misses.ts'
import { clientOf, udpPeer } from './peers.ts'
import { Record, readObservation, rebuildQuery } from './records.ts'
import { RingReader } from './ring.ts'
import { type OnSample, sampleOf } from './sample.ts'
import type { PlaneMemory } from './shared.ts'

interface Parts {
  readonly memory: PlaneMemory
  readonly front: Front | undefined
  readonly listener: (number: number) => Listening | undefined
  readonly onRepeat: OnRepeat
  readonly onSample: OnSample
  /** Told of a listener that threw. */
  readonly onFailure: (error: unknown) => void
}

/** What the data threads tell of answers that they gave: to those who asked for each, and to those who asked for a sample. */
export class Observations {
  private readonly parts: Parts
  private readonly rings: readonly RingReader[]
  private readonly record = new Record()

  constructor(parts: Parts) {
    this.parts = parts
    this.rings = parts.memory.observations.map((memory) => new RingReader(memory))
  }

  /** Tells all that are there: also before an entry that they name is forgotten. */
  readonly take = (): void => {
    for (const ring of this.rings) {
      for (let at = ring.read(); at >= 0; at = ring.read()) this.takeOne(ring, at)
    }
  }

  areEmpty(): boolean {
    return this.rings.every((ring) => ring.isEmpty)
  }

  private takeOne(ring: RingReader, at: number): void {
    const { record } = this
    readObservation(ring, at, record)
    const listening = this.parts.listener(record.listener)
    try {
      if (listening !== undefined && record.weight > 0) this.tellSample(ring)
      if (listening !== undefined && record.isObserved) this.tellRepeat(ring, listening)
    } catch (error) {
      this.parts.onFailure(error)
    }
    ring.release()
  }

  private tellSample({ bytes }: RingReader): void {
    const { nameAt, nameOctets, packetAt, packetOctets, microseconds, weight } = this.record
    const { address: client } = clientOf(bytes, nameAt, nameOctets)
    const rest = { client, seconds: microseconds / 1e6, weight }
    this.parts.onSample(sampleOf(bytes, packetAt, packetAt + packetOctets, rest))
  }

  private tellRepeat({ bytes }: RingReader, { locals }: Listening): void {
    const { record, parts } = this
    const client = clientOf(bytes, record.nameAt, record.nameOctets)
    parts.onRepeat({
      context: parts.front?.table.contextOf(record.id),
      query: rebuildQuery(bytes, record),
      peer: udpPeer(client, locals.at(bytes, record.controlAt, record.controlOctets)),
      answerOctets: record.answerOctets,
      seconds: record.microseconds / 1e6,
    })
  }
}
