import { TYPE } from '../../wire/codes.ts'
import { nameToText } from '../../wire/name.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import type { Explanation, Fact, Problem } from '../why.ts'
import type { Asked } from './asked.ts'
import type { Config } from './config.ts'
import { governingMissing } from './explain-governing.ts'
import { explainImport } from './explain-import.ts'
import {
  misread,
  namespaceProblem,
  outside,
  podForService,
  serviceMissing,
} from './explain-names.ts'
import { podProblem, reverseProblem } from './explain-pods.ts'
import { searchListApplied } from './explain-search.ts'
import { explainService } from './explain-service.ts'
import { zoneMistyped } from './explain-zone.ts'
import type { Finder } from './finder.ts'
import type { Looker } from './looker.ts'
import { addressOfReverseName } from './reverse.ts'

/** What an explanation is made from. */
export interface Explaining {
  readonly query: Query
  /** What the plugin gave back. */
  readonly reply: Reply | undefined
  readonly asked: Asked
  readonly finder: Finder
  readonly config: Config
  /** Looks at whole objects, for what the store does not keep. */
  readonly looker: Looker
  readonly synced: boolean
}

/** The answer's cause in the objects, and for what is missing the reason and the remedy. */
export async function explainAsked(explaining: Explaining): Promise<Explanation> {
  const { asked, finder, query, synced } = explaining
  const { parts, zone } = asked
  if (!synced) return problem(UNSYNCED)
  const address = zone.holdsAddresses ? addressOfReverseName(asked.folded) : undefined
  if (zone.holdsAddresses) return reverseProblem(explaining, address)
  if (parts.kind === 'empty' || asked.folded.startsWith('\x02ns\x03dns')) return NOTHING_TO_SAY
  if (parts.depth === 1 && parts.first === 'dns-version') return NOTHING_TO_SAY
  if (parts.kind === 'invalid') {
    return problem((await searchListApplied(explaining)) ?? misread(explaining))
  }
  const inNamespace = namespaceProblem(explaining)
  if (inNamespace !== undefined) {
    const isMissing = inNamespace.code === 'no-such-namespace'
    return problem((isMissing ? await searchListApplied(explaining) : undefined) ?? inNamespace)
  }
  if (parts.kind === 'pod') return podProblem(explaining)
  if (parts.service === '') return NOTHING_TO_SAY
  if (zone.grammar.multicluster) return explainImport(explaining)
  const service = finder.store.service(parts.service, parts.namespace)
  if (service === undefined) {
    return problem(
      (await governingMissing(explaining)) ??
        (await searchListApplied(explaining)) ??
        (await podForService(explaining, serviceMissing(explaining))),
    )
  }
  const explanation = await explainService(explaining, service)
  return query.qtype === TYPE.A || explanation.problems.length > 0
    ? explanation
    : withTypes(explaining, explanation)
}

/** What the plugin says of a name of no zone of its own, when it could be meant for one. */
export function explainOutside(
  folded: Query['folded'],
  reply: Reply | undefined,
  finder: Finder,
  config: Config,
): Explanation | undefined {
  const found = outside(folded, finder, config) ?? zoneMistyped(folded, reply, finder, config)
  return found === undefined ? undefined : problem(found)
}

const NOTHING_TO_SAY: Explanation = { facts: [], problems: [] }

const UNSYNCED: Problem = {
  code: 'not-synced',
  reason:
    'The Kubernetes API has not given its complete lists yet, so nothing can be said not to exist: names that are not there get SERVFAIL.',
  remedy:
    'Look at the log for why the API cannot be reached: address, credentials, the ClusterRole (list and watch of services, namespaces, endpointslices).',
}

function problem(found: Problem | undefined, facts: readonly Fact[] = []): Explanation {
  return { facts, problems: found === undefined ? [] : [found] }
}

/** An empty answer for a type that the name does not have. */
function withTypes({ query, asked, reply }: Explaining, explanation: Explanation): Explanation {
  const empty = reply !== undefined && reply.rcode === 0 && reply.answer.length === 0
  const known = query.qtype === TYPE.AAAA || query.qtype === TYPE.SRV || query.qtype === TYPE.CNAME
  if (!empty || known) return explanation
  const name = nameToText(asked.qname)
  return {
    ...explanation,
    problems: [
      {
        code: 'no-such-type',
        reason: `${name} exists, and has no records of this type: names of Services have A, AAAA and SRV, those of ExternalNames a CNAME.`,
        remedy: 'Ask for A or AAAA.',
      },
    ],
  }
}
