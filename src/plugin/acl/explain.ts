import { nameToText } from '../../wire/name.ts'
import type { Query } from '../query.ts'
import type { Explanation, Problem } from '../why.ts'
import type { Verdict } from './acl.ts'

/** Which policy decided, and what to change where it was not for the client. */
export function explainAcl(query: Query, { action, zone, policy }: Verdict): Explanation {
  if (zone === undefined) return { facts: [], problems: [] }
  const name = nameToText(zone)
  const says = policy === undefined ? 'the client has no address to judge by' : `\`${policy.text}\``
  const facts = [{ kind: 'acl', name, says: `${says} decides for this client` }]
  return action === 'allow'
    ? { facts, problems: [] }
    : { facts, problems: [problemOf(query, action, name, says)] }
}

const DOES = {
  block: 'refuses the query',
  filter: 'answers with nothing',
  drop: 'leaves the query without an answer',
} as const

function problemOf(query: Query, action: keyof typeof DOES, zone: string, says: string): Problem {
  const { address } = query.exchange.client
  return {
    code: 'denied-by-acl',
    reason: `acl for ${zone} ${DOES[action]} of ${address}: ${says}.`,
    remedy: `If ${address} should get an answer, write \`allow net ${address}\` in front of that line. What another client gets is told with its address: \`--client\`.`,
  }
}
