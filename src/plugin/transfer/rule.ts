import type { Name } from '../../wire/name.ts'
import { zoneOf } from '../zones.ts'

/** A server that is told of changes and may transfer. */
export interface Target {
  readonly address: string
  readonly port: number
}

/** One `transfer` block. */
export interface TransferRule {
  readonly zones: readonly Name[]
  /** Whether anyone may transfer. */
  readonly anyone: boolean
  readonly targets: readonly Target[]
  /** Local address of NOTIFYs; undefined lets the kernel choose. */
  readonly source: string | undefined
}

/** The rule with the longest zone that a name is in; of two zones the same the first rule's. */
export function ruleFor(rules: readonly TransferRule[], folded: Name): TransferRule | undefined {
  let found: TransferRule | undefined
  let longest = 0
  for (const rule of rules) {
    const zone = zoneOf(rule.zones, folded)
    if (zone === undefined || zone.length <= longest) continue
    longest = zone.length
    found = rule
  }
  return found
}
