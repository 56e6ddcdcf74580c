import { fold, type Name } from '../../wire/name.ts'
import { type NameParts, parseName } from './names.ts'
import type { Reading } from './reading.ts'
import type { Zone } from './zones.ts'

/** A name of a zone that somebody asks for: a client, or an ExternalName on the way. */
export class Asked {
  /** As it was spelled: the owner of the answers. */
  readonly qname: Name
  readonly folded: Name
  readonly zone: Zone
  /** The zone as the client spelled it: the end of every name made up here. */
  readonly suffix: Name
  readonly reading: Reading
  #parts: NameParts | undefined

  constructor(qname: Name, folded: Name, zone: Zone, suffix: Name, reading: Reading) {
    this.qname = qname
    this.folded = folded
    this.zone = zone
    this.suffix = suffix
    this.reading = reading
  }

  get parts(): NameParts {
    const left = this.folded.length - this.zone.name.length
    this.#parts ??= parseName(this.folded, left, this.zone.grammar) as NameParts
    return this.#parts
  }

  /** Another name of the same zone, asked on the way. */
  onTheWay(qname: Name): Asked {
    return new Asked(qname, fold(qname), this.zone, this.suffix, this.reading)
  }
}
