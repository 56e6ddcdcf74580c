import { withoutIpv6 } from '../net/clients.ts'
import type { Way } from './asker.ts'

/** Those of the ways that this machine has: IPv6 may be missing. */
export const possible = (ways: readonly Way[]): readonly Way[] =>
  ways.filter(({ from }) => withoutIpv6 === false || !from.includes(':'))
