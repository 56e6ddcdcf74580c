import { TYPE } from '../../wire/codes.ts'
import type { Rr } from '../../wire/record.ts'
import type { Cidr } from '../cidr.ts'

/** A number in [0, 1). */
export type Random = () => number

/** The records of a section by what becomes of them, each in its old order. */
interface Sorted {
  readonly aliases: Rr[]
  readonly others: Rr[]
  readonly addresses: Rr[]
  readonly exchangers: Rr[]
}

const isAddress = (rr: Rr): boolean => rr.type === TYPE.A || rr.type === TYPE.AAAA

function sort(records: readonly Rr[]): Sorted {
  const sorted: Sorted = { aliases: [], others: [], addresses: [], exchangers: [] }
  for (const rr of records) {
    if (isAddress(rr)) sorted.addresses.push(rr)
    else if (rr.type === TYPE.CNAME) sorted.aliases.push(rr)
    else if (rr.type === TYPE.MX) sorted.exchangers.push(rr)
    else sorted.others.push(rr)
  }
  return sorted
}

/** CNAMEs and other records in front, then addresses and mail exchangers in a random order each. The section given stays as it is: it may be a store's own. */
export function shuffled(records: readonly Rr[], random: Random): readonly Rr[] {
  if (records.length <= 1) return records
  if (records.every(isAddress)) return shuffle([...records], random)
  const { aliases, others, addresses, exchangers } = sort(records)
  return [...aliases, ...others, ...shuffle(addresses, random), ...shuffle(exchangers, random)]
}

/** Fisher and Yates, in place. */
function shuffle(records: Rr[], random: Random): Rr[] {
  for (let i = records.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = records[j] as Rr
    records[j] = records[i] as Rr
    records[i] = other
  }
  return records
}

/** Whether {@link shuffled} has a choice. */
export function hasChoice(records: readonly Rr[]): boolean {
  if (records.length <= 1) return false
  let addresses = 0
  let exchangers = 0
  for (const rr of records) {
    if (isAddress(rr)) addresses++
    else if (rr.type === TYPE.MX) exchangers++
  }
  return addresses > 1 || exchangers > 1
}

/** One address, drawn by weight, changes places with the first; around the addresses the order of {@link shuffled}. */
export function drawn(
  records: readonly Rr[],
  weightOf: (rr: Rr) => number,
  random: Random,
): readonly Rr[] {
  const { aliases, others, addresses, exchangers } = sort(records)
  const first = addresses[0]
  if (first === undefined) return records
  const top = draw(addresses.map(weightOf), random)
  addresses[0] = addresses[top] as Rr
  addresses[top] = first
  return [...aliases, ...others, ...addresses, ...exchangers]
}

/** An index, with the probability of its share in all weights. */
function draw(weights: readonly number[], random: Random): number {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
  const index = weights.findIndex((weight) => {
    left -= weight
    return left < 0
  })
  return index === -1 ? weights.length - 1 : index
}

/** Addresses in the first of the ranges in front, then those of the second, and so on, the others last; behind them mail exchangers and the rest. */
export function preferred(records: readonly Rr[], ranges: readonly Cidr[]): readonly Rr[] {
  const { aliases, others, addresses, exchangers } = sort(records)
  const rank = (rr: Rr): number => {
    const index = ranges.findIndex((range) => range.contains(rr.rdata))
    return index === -1 ? ranges.length : index
  }
  const ranked = addresses.map((rr) => ({ rr, rank: rank(rr) })).sort((a, b) => a.rank - b.rank)
  return [...aliases, ...ranked.map(({ rr }) => rr), ...exchangers, ...others]
}
