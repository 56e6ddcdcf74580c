import { CLASS } from '../../wire/codes.ts'
import { NO_REPLY_RULES, type Rule } from './rule.ts'

/** Asks for another type. */
export function typeRule(stops: boolean, from: number, to: number): Rule {
  return {
    stops,
    apply: (draft) => {
      if (draft.qtype !== from) return undefined
      draft.qtype = to
      return NO_REPLY_RULES
    },
    shareOf: (_branch, qtype) => (qtype === from ? 'some' : 'none'),
  }
}

/** Asks in another class. */
export function classRule(stops: boolean, from: number, to: number): Rule {
  return {
    stops,
    apply: (draft) => {
      if (draft.qclass !== from) return undefined
      draft.qclass = to
      return NO_REPLY_RULES
    },
    // Denials that are repeated are of class IN.
    shareOf: () => (from === CLASS.IN ? 'some' : 'none'),
  }
}
