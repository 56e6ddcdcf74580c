import { type Limit, MAX_LIMITED } from './source-filter.ts'

/** Share of what was managed that is let through next: the rest is for what queues already. */
const HEADROOM = 0.6
/** What is let through grows by so much in every window without overload: up to what was managed last, and slowly beyond. */
const GROWTH = 1.1
const SLOW_GROWTH = 1.02
/** What was managed, and what a client sends, are forgotten by so much in each window: a pause of a few is no end of a flood. */
const MEMORY = 0.9
/** What has just begun to be too much came in a part of its window: it is more than it seems. */
const MORE_THAN_SEEN = 4
/** A client is held back only when it sends more than so many times its fair share, … */
const TIMES_FAIR = 2
/** … and at least this share of everything: below it, others are no worse off for it. */
const LEAST_SHARE = 1 / 32
/** Even the worst is not shut out: one query in so many is let through. */
const LEAST_PASS = 1 / 1000

/** What one client sent, of the datagrams that were looked at. */
export interface Heard {
  readonly address: Limit['address']
  readonly count: number
}

/** What happened at a socket in a window of time. */
export interface Window {
  readonly seconds: number
  /** Datagrams that were taken and dealt with. */
  readonly handled: number
  /** Datagrams that were thrown away, by the filter or for want of room. */
  readonly dropped: number
  /** Whether more came than could be dealt with. */
  readonly overloaded: boolean
  /** Clients among the datagrams that were looked at, and how many of these there were. */
  readonly heard: readonly Heard[]
  readonly looked: number
}

/** A client that is held back, and how much it sends. */
export interface Limited extends Limit {
  /** Datagrams a second that it sends, as far as can be told. */
  readonly perSecond: number
}

/**
 * Who has to stand back when more queries come than can be answered: those who send most, down to what all others may send too (max-min fairness). Without overload nobody
 * ever does, however much one client sends.
 */
export class Fairness {
  limited: readonly Limited[] = []
  /** Datagrams a second that may be let through, while anyone is held back. */
  private budget = Number.POSITIVE_INFINITY
  /** Datagrams a second that were dealt with in the last overload. */
  private managed = 0

  /** Returns whether anything has changed. */
  close(window: Window): boolean {
    const before = this.limited
    if (window.overloaded) {
      this.managed = Math.max(window.handled / window.seconds, MEMORY * this.managed)
      this.budget = HEADROOM * this.managed
    } else if (before.length > 0) {
      this.budget *= this.budget < this.managed ? GROWTH : SLOW_GROWTH
    } else return false
    this.limited = heldBack(ratesOf(window, before), this.budget, before)
    return before.length > 0 || this.limited.length > 0
  }
}

interface Rate {
  readonly address: Limit['address']
  readonly perSecond: number
}

/** What each client sends. What was thrown away was sent by those held back, and by all alike where nobody is. */
function ratesOf(
  { seconds, handled, dropped, heard, looked }: Window,
  limited: readonly Limited[],
): Rate[] {
  const each = looked === 0 ? 0 : handled / looked / seconds
  const counts = new Map(heard.map(({ address, count }) => [address.join(), count]))
  const sent = limited.map(({ address, pass }) => (counts.get(address.join()) ?? 0) / pass)
  const allSent = sent.reduce((sum, count) => sum + count, 0)
  const held = limited.map(({ address, perSecond }, i) => {
    const part = allSent === 0 ? 1 / limited.length : (sent[i] as number) / allSent
    const through = (counts.get(address.join()) ?? 0) * each
    const now = through + (part * dropped) / seconds
    return { address, perSecond: Math.max(now, MEMORY * perSecond) }
  })
  const known = new Set(limited.map(({ address }) => address.join()))
  const evenly = limited.length === 0 && handled > 0 ? 1 + dropped / handled : 1
  const others = heard
    .filter(({ address }) => !known.has(address.join()))
    .map(({ address, count }) => ({ address, perSecond: count * each * evenly }))
  return [...held, ...others]
}

function heldBack(rates: Rate[], budget: number, before: readonly Limited[]): Limited[] {
  rates.sort((a, b) => b.perSecond - a.perSecond)
  const all = rates.reduce((sum, { perSecond }) => sum + perSecond, 0)
  const fair = fairShare(rates, all, budget)
  const known = new Set(before.map(({ address }) => address.join()))
  const heavy = rates.filter(({ address, perSecond }) => {
    if (known.has(address.join())) return perSecond > fair
    return perSecond > TIMES_FAIR * fair && perSecond >= LEAST_SHARE * all
  })
  const seen = before.length > 0 ? 1 : MORE_THAN_SEEN
  return heavy.slice(0, MAX_LIMITED).map(({ address, perSecond }) => ({
    address,
    perSecond,
    pass: Math.max(LEAST_PASS, fair / perSecond / seen),
  }))
}

/** The level down to which the greatest have to come so that all together fit. */
function fairShare(sorted: readonly Rate[], all: number, budget: number): number {
  let rest = all
  for (let i = 0; i < sorted.length; i++) {
    const { perSecond } = sorted[i] as Rate
    rest -= perSecond
    const level = Math.max(0, budget - rest) / (i + 1)
    const next = sorted[i + 1]?.perSecond ?? 0
    if (level >= next) return level
  }
  return budget
}
