import { AT, KEY, MAX_ENTRY_OCTETS, MAX_VERSIONS, REST, TRAIT } from './layout.ts'
import { type Parts, partsOf, type Run } from './message.ts'
import type { Publication } from './publish.ts'
import { type Question, startOf } from './question.ts'

const HEADER = 12
const TC = 2
const MAX_LISTED = 255

/** An entry that is ready to be written: what {@link plan} found in a publication. */
export interface Plan {
  readonly octets: number
  readonly keyWord: number
  /** The name of the key starts at this label of the question. */
  readonly label: number
  readonly parts: Parts
  readonly runs: readonly Run[]
  /** The message whose body is kept: the one before truncation where repetitions choose among more addresses. */
  readonly source: Uint8Array
  readonly bodyOctets: number
  readonly sourceOctets: number
  readonly pointers: readonly number[]
  readonly serials: readonly number[]
  readonly ttls: readonly number[]
}

/** The heap as its writer sees it. */
export class Heap {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly shorts: Uint16Array
  readonly doubles: Float64Array

  constructor(heap: SharedArrayBuffer) {
    this.bytes = new Uint8Array(heap)
    this.words = new Int32Array(heap)
    this.shorts = new Uint16Array(heap)
    this.doubles = new Float64Array(heap)
  }
}

/**
 * Takes a publication apart.
 *
 * @param label where the name of the entry starts in the question: 0, or that of the branch or zone that it denies
 * @returns undefined when the message is not one that can be repeated
 */
export function plan(
  publication: Publication,
  question: Question,
  kind: number,
  label: number,
): Plan | undefined {
  const { message, optOctets } = publication
  const end = message.length - optOctets
  const parts = end < question.end ? undefined : partsOf(message, question.end, end)
  if (parts === undefined || publication.versions.length > MAX_VERSIONS) return undefined
  const isDenial = kind !== KEY.EXACT
  const nameFrom = startOf(question, label)
  // A denial's pointers must lead into what all names of the branch share.
  if (isDenial && parts.lowestTarget < HEADER + nameFrom) return undefined
  const bodyOctets = end - question.end
  const chosen = publication.rotates ? rotated(publication, question, parts, bodyOctets) : undefined
  const runs = chosen?.runs ?? []
  const source = chosen?.source ?? message
  const sourceOctets = chosen?.sourceOctets ?? bodyOctets
  const pointers = isDenial ? parts.pointers : []
  const serials = publication.liveSerial === undefined ? [] : parts.serials
  const ttls =
    publication.countsDownFrom === undefined
      ? []
      : parts.ttls.filter((_, place) => publication.steady?.has(place) !== true)
  const lists = [ttls, serials, pointers, runs]
  if (lists.some((list) => list.length > MAX_LISTED)) return undefined
  const nameOctets = question.nameOctets - nameFrom
  const listed = 2 * (ttls.length + serials.length + pointers.length + 4 * runs.length)
  const fixed = AT.NAME + ((nameOctets + 3) & ~3) + 8 * publication.versions.length
  const octets = ((fixed + listed + optOctets + sourceOctets + 7) & ~7) + REST.OCTETS
  if (octets > MAX_ENTRY_OCTETS) return undefined
  const keyWord = (question.keyWord & 0xffff) | kind
  return {
    octets,
    keyWord,
    label,
    parts,
    runs,
    source,
    bodyOctets,
    sourceOctets,
    pointers,
    serials,
    ttls,
  }
}

interface Rotated {
  readonly runs: Run[]
  readonly source: Uint8Array
  readonly sourceOctets: number
}

/** The runs that repetitions may reorder; for a truncated reply those of the whole one, where it begins in the same way. */
function rotated(
  publication: Publication,
  question: Question,
  parts: Parts,
  bodyOctets: number,
): Rotated | undefined {
  const runs = parts.runs.filter((run) => run.records > 1)
  const last = runs.at(-1)
  if (last === undefined) return undefined
  const { message, whole } = publication
  const asSent = { runs, source: message, sourceOctets: bodyOctets }
  if (whole === undefined || last.offset + last.records * last.size !== bodyOctets) return asSent
  const full = partsOf(whole, question.end, whole.length)?.runs.find(
    (run) => run.offset === last.offset && run.size === last.size,
  )
  const octets = full === undefined ? 0 : full.offset + full.records * full.size
  if (full === undefined || full.records < last.records || octets > MAX_ENTRY_OCTETS / 2)
    return asSent
  return { runs: [...runs.slice(0, -1), { ...full }], source: whole, sourceOctets: octets }
}

/** Writes an entry at a place in the heap that no reader can see yet. */
export function writeEntry(
  heap: Heap,
  place: number,
  planned: Plan,
  publication: Publication,
  question: Question,
  facts: { readonly id: number; readonly serial: number; readonly filter: number },
): void {
  const { words } = heap
  const at = place >> 2
  const nameFrom = startOf(question, planned.label)
  const nameOctets = question.nameOctets - nameFrom
  const versionsAt = AT.NAME + ((nameOctets + 3) & ~3)
  const listAt = versionsAt + 8 * publication.versions.length
  const rest = place + planned.octets - REST.OCTETS
  const listed = [...planned.ttls, ...planned.serials, ...planned.pointers, ...runWords(planned)]
  const bodyAt = listAt + 2 * listed.length + optKept(publication)
  heap.doubles[place >> 3] = publication.until
  heap.doubles[(rest + REST.COUNT_FROM) >> 3] = publication.countsDownFrom ?? 0
  words[at + AT.ID / 4] = facts.id
  words[at + AT.SCOPE / 4] = publication.scope
  words[at + AT.KEY / 4] = planned.keyWord
  words[at + AT.NAME_WORD / 4] = (question.qtype << 16) | nameOctets
  publication.versions.forEach(({ slot, version }, i) => {
    words[at + versionsAt / 4 + 2 * i] = slot
    words[at + versionsAt / 4 + 2 * i + 1] = version
  })
  words[at + AT.TRAITS / 4] = traitsOf(publication, question)
  words[at + AT.SIZE / 4] = (question.payloadSize << 16) | question.optRdata
  words[at + AT.BODY_OCTETS / 4] = planned.bodyOctets
  words[at + AT.OPT_WORD / 4] = (optKept(publication) << 16) | bodyAt
  words[(rest + REST.SERIAL) >> 2] = facts.serial
  words[(rest + REST.FILTER) >> 2] = facts.filter
  words[at + AT.COUNTS / 4] = countsWord(planned)
  words[(rest + REST.MADE_FOR) >> 2] = question.nameOctets
  words[at + AT.OCTETS / 4] = planned.octets
  writeOctets(heap.bytes, place, planned, publication, question, nameFrom, bodyAt)
  listed.forEach((value, i) => {
    heap.shorts[((place + listAt) >> 1) + i] = value
  })
}

function writeOctets(
  bytes: Uint8Array,
  place: number,
  planned: Plan,
  publication: Publication,
  question: Question,
  nameFrom: number,
  bodyAt: number,
): void {
  const { message, optOctets } = publication
  bytes.set(message.subarray(2, 4), place + AT.FLAGS)
  bytes.set(message.subarray(4, HEADER), place + AT.SECTIONS)
  // RD is the client's.
  bytes[place + AT.FLAGS] = (message[2] as number) & 0xfe
  const name = place + AT.NAME
  const nameOctets = question.nameOctets - nameFrom
  bytes.fill(0, name, name + ((nameOctets + 3) & ~3))
  bytes.set(question.name.subarray(nameFrom, question.nameOctets), name)
  const kept = optKept(publication)
  const opt = message.length - optOctets
  bytes.set(message.subarray(opt, opt + kept), place + bodyAt - kept)
  const { source, sourceOctets } = planned
  bytes.set(source.subarray(question.end, question.end + sourceOctets), place + bodyAt)
}

/** Octets of OPT that are written as they are; echoed options come from the client. */
function optKept({ optOctets, opt }: Publication): number {
  return opt === 'echoed' ? Math.min(optOctets, 11) : optOctets
}

function runWords({ runs, parts }: Plan): number[] {
  return runs.flatMap((run) => {
    const sent = parts.runs.find(({ offset }) => offset === run.offset)?.records ?? run.records
    return [run.offset, run.records, run.size, sent]
  })
}

function countsWord({ ttls, serials, pointers, runs }: Plan): number {
  return ttls.length | (serials.length << 8) | (pointers.length << 16) | (runs.length << 24)
}

function traitsOf(publication: Publication, question: Question): number {
  const { message, opt, optOctets } = publication
  const answersOpt = optOctets > 0 && (question.keyWord & KEY.OPT) !== 0
  const truncated = ((message[2] as number) & TC) !== 0
  let traits = publication.versions.length
  if (!publication.anySpelling) traits |= TRAIT.LOWER_CASE
  if (truncated || opt === 'fixed') traits |= TRAIT.SAME_SIZE
  if (answersOpt && opt === 'echoed') traits |= TRAIT.ECHOES_OPTIONS
  if (answersOpt && opt !== 'fixed') traits |= TRAIT.ECHOES_SIZE
  if (publication.observed) traits |= TRAIT.OBSERVED
  return traits
}
