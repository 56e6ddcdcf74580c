import { isOutside } from './filter.ts'
import {
  AT,
  BUCKET,
  KEY,
  keyHash,
  REST,
  SCOPE_WORDS,
  SCOPES,
  type Shared,
  TALLY_WORDS,
  TRAIT,
} from './layout.ts'
import { behindName, Patch, restOf } from './patch.ts'
import { Question, startOf } from './question.ts'

/** Depths below which denials may lie that one lookup tries. */
const MAX_DEPTHS = 6
const TYPE_SOA = 6
const TYPE_DS = 43
const TYPE_IXFR = 251
const TYPE_AXFR = 252

/**
 * Answers from the table. One for each thread; it allocates nothing, takes no lock, and writes nothing that others read but its own row of tallies.
 *
 * Between {@link enter} and {@link leave} no memory of an entry is used again; nothing that was read may be kept beyond.
 */
export class Reader {
  /** The entry that gave the last answer: its id, and whether each of its repetitions is to be told. */
  lastId = 0
  lastObserved = false
  /** The question of the last packet that {@link answer} was given. */
  readonly question: Question

  private readonly shared: Shared
  private readonly row: Uint32Array
  private readonly bytes: Uint8Array
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly epochWord: number
  private readonly patch: Patch
  private readonly mask: number
  private readonly rowWords: number
  private scope = 0
  private branchDepths = 0
  private closedDepths = 0

  /** @param number which of the table's readers this is */
  constructor(shared: Shared, number: number) {
    this.shared = shared
    this.row = shared.tallies[number] as Uint32Array
    this.bytes = new Uint8Array(shared.heap)
    this.words = new Int32Array(shared.heap)
    this.doubles = new Float64Array(shared.heap)
    this.epochWord = number + 1
    this.question = new Question(shared.seed)
    this.patch = new Patch(shared, this.question, shared.seed + number)
    this.mask = shared.buckets - 1
    this.rowWords = this.row.length / shared.entries
  }

  /** Begins a batch: entries that are in the table now stay readable until {@link leave}. */
  enter(): void {
    const { epochs } = this.shared
    Atomics.store(epochs, this.epochWord, Atomics.load(epochs, 0))
  }

  /** Ends a batch; also before a thread waits in the kernel. */
  leave(): void {
    Atomics.store(this.shared.epochs, this.epochWord, 0)
  }

  /** From which configuration of which listener the next queries are answered; 0 for none. */
  useScope(scope: number): void {
    const { scopes } = this.shared
    const at = (scope & (SCOPES - 1)) * SCOPE_WORDS
    this.scope = Atomics.load(scopes, at) === scope ? scope : 0
    this.branchDepths = Atomics.load(scopes, at + 1)
    this.closedDepths = Atomics.load(scopes, at + 2)
  }

  /**
   * Turns the query at `at` into its answer, in place.
   *
   * @param room octets from `at` on that the answer may take
   * @param column which tally: 0 for IPv4 and 1 for IPv6 over UDP, 2 and 3 for the same over streams
   * @param now milliseconds of the clock that lifetimes are measured by
   * @returns octets of the answer; 0 when the table has none, and the packet is as it was
   */
  answer(
    packet: Uint8Array,
    at: number,
    octets: number,
    room: number,
    column: number,
    now: number,
  ): number {
    const { question, scope } = this
    if (scope === 0 || !question.read(packet, at, octets, column > 1)) return 0
    const entry = this.find(now)
    if (entry === 0) return 0
    const answered = this.patch.write(entry, packet, at, room, now)
    if (answered !== 0) this.count(entry, column, octets)
    return answered
  }

  /** Where the entry is that answers the question, 0 for none: one of its own, a branch's denial, or a closed zone's. */
  private find(now: number): number {
    const { question, scope } = this
    const { keyWord, qtype } = question
    const own = this.probe(question.hash, scope, keyWord, 0)
    if (own !== 0 && this.stands(own, now)) return own
    if ((this.branchDepths | this.closedDepths) === 0) return 0
    if (qtype === TYPE_SOA || qtype === TYPE_DS) return 0
    if (qtype === TYPE_IXFR || qtype === TYPE_AXFR || this.isNameserver()) return 0
    return this.findDenial(now)
  }

  private findDenial(now: number): number {
    const { question, branchDepths, closedDepths } = this
    question.split()
    const base = question.keyWord & 0xffff
    let depths = branchDepths | closedDepths
    for (let tried = 0; depths !== 0 && tried < MAX_DEPTHS; tried++) {
      const depth = 31 - Math.clz32(depths & -depths)
      if (depth > question.labels) return 0
      depths &= depths - 1
      const label = question.labels - depth
      const hash = question.suffixHash(label)
      if ((branchDepths & (1 << depth)) !== 0) {
        const branch = this.probe(hash, this.scope, KEY.BRANCH | base, label)
        if (branch !== 0 && this.stands(branch, now)) return branch
      }
      if ((closedDepths & (1 << depth)) !== 0) {
        const closed = this.probe(hash, this.scope, KEY.CLOSED | base, label)
        if (closed !== 0 && this.stands(closed, now) && this.isClosed(closed, label)) return closed
      }
    }
    return 0
  }

  /** `ns.dns.` in front: the name of the zone's own server, which exists whatever the branch says. */
  private isNameserver(): boolean {
    const { name } = this.question
    return (
      name[0] === 2 &&
      name[1] === 0x6e &&
      name[2] === 0x73 &&
      name[3] === 3 &&
      name[4] === 0x64 &&
      name[5] === 0x6e &&
      name[6] === 0x73
    )
  }

  /** The entry with this key; the name is the question's from `label` on. */
  private probe(nameHash: number, scope: number, keyWord: number, label: number): number {
    const { index } = this.shared
    const { qtype } = this.question
    const tag = keyHash(nameHash, scope, keyWord, qtype)
    let slot = (tag & this.mask) * (2 * BUCKET)
    for (const end = slot + 2 * BUCKET; slot < end; slot += 2) {
      if (index[slot] !== tag) continue
      const entry = Atomics.load(index, slot + 1) * 8
      if (entry !== 0 && this.matches(entry, scope, keyWord, label)) return entry
    }
    return 0
  }

  private matches(entry: number, scope: number, keyWord: number, label: number): boolean {
    const { words, question } = this
    const at = entry >> 2
    if (words[at + AT.SCOPE / 4] !== scope || words[at + AT.KEY / 4] !== keyWord) return false
    const from = label === 0 ? 0 : startOf(question, label)
    const octets = question.nameOctets - from
    if (words[at + AT.NAME_WORD / 4] !== ((question.qtype << 16) | octets)) return false
    if (from === 0) return this.sameWords(entry, (octets + 3) >> 2)
    return this.sameOctets(entry, from, octets)
  }

  private sameWords(entry: number, count: number): boolean {
    const { words } = this
    const { nameWords } = this.question
    const at = (entry + AT.NAME) >> 2
    for (let i = 0; i < count; i++) if (words[at + i] !== nameWords[i]) return false
    return true
  }

  private sameOctets(entry: number, from: number, octets: number): boolean {
    const { bytes } = this
    const { name } = this.question
    const at = entry + AT.NAME
    for (let i = 0; i < octets; i++) if (bytes[at + i] !== name[from + i]) return false
    return true
  }

  /** Whether the entry may still be given, and to this client. */
  private stands(entry: number, now: number): boolean {
    const { words, question } = this
    const at = entry >> 2
    const traits = words[at + AT.TRAITS / 4] as number
    if (!this.versionsStand(at, traits & TRAIT.VERSIONS)) return false
    if (now >= (this.doubles[entry >> 3] as number)) return false
    if ((traits & TRAIT.LOWER_CASE) !== 0 && question.mixedCase) return false
    if ((traits & TRAIT.SAME_SIZE) === 0) return true
    return words[at + AT.SIZE / 4] === ((question.payloadSize << 16) | question.optRdata)
  }

  private versionsStand(at: number, count: number): boolean {
    const { words } = this
    const { versions } = this.shared
    let pair = behindName(words, at)
    for (const end = pair + 2 * count; pair < end; pair += 2) {
      // Plain loads: which counter to look at is known only from the entry, so they come after it on every machine; and an aligned word never tears.
      if (versions[words[pair] as number] !== words[pair + 1]) return false
    }
    return true
  }

  private isClosed(entry: number, label: number): boolean {
    const filter = this.words[restOf(this.words, entry) + REST.FILTER / 4] as number
    return isOutside(this.shared, filter, this.question, label)
  }

  private count(entry: number, column: number, octets: number): void {
    const { words, row } = this
    const id = words[(entry + AT.ID) >> 2] as number
    const at = id * this.rowWords + column * TALLY_WORDS
    row[at] = (row[at] as number) + 1
    row[at + 1] = (row[at + 1] as number) + octets
    row[at + 2] = (row[at + 2] as number) + this.question.nameOctets
    this.lastId = id
    this.lastObserved = ((words[(entry + AT.TRAITS) >> 2] as number) & TRAIT.OBSERVED) !== 0
  }
}
