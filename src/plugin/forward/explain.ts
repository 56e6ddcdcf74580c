import { EDE, RCODE, rcodeToText } from '../../wire/codes.ts'
import type { Reply } from '../reply.ts'
import type { Explanation, Fact, Problem, Why } from '../why.ts'
import type { Stanza } from './forward.ts'
import type { Upstream } from './upstream.ts'

/** What clients are told of a query that no upstream answered. */
export function whyFailed(error: string | undefined): Why {
  return error === undefined
    ? { code: EDE.NO_REACHABLE_AUTHORITY, text: 'no upstream is up' }
    : { code: EDE.NETWORK_ERROR, text: 'no upstream answered' }
}

/** Which upstreams there are and how they do; what is wrong with what came back from them. */
export function explainForward(stanza: Stanza, reply: Reply | undefined): Explanation {
  const facts = stanza.upstreams.map((upstream) => factOf(upstream, stanza))
  const found = reply?.by === 'forward' ? problemOf(stanza, reply) : undefined
  return { facts, problems: found === undefined ? [] : [found] }
}

function factOf(upstream: Upstream, { maxFails }: Stanza): Fact {
  const { address, health } = upstream
  const says = upstream.isDown(maxFails)
    ? `down: ${health.fails} health checks failed one after the other`
    : health.suspect
      ? `a query failed and no health check has succeeded since (${health.fails} failed)`
      : 'answers, as far as is known'
  return { kind: 'upstream', name: address, says }
}

function problemOf({ upstreams }: Stanza, reply: Reply): Problem | undefined {
  const names = upstreams.map(({ address }) => address).join(', ')
  if (reply.error !== undefined) {
    return {
      code: 'upstream-fails',
      reason: `None of the upstreams ${names} answered: ${reply.error}.`,
      remedy:
        'Ask one yourself from the same place (`dig @UPSTREAM NAME`): a NetworkPolicy, a firewall or the address in `forward` is wrong, or the upstream is down.',
    }
  }
  if (reply.rcode === RCODE.NOERROR || reply.rcode === RCODE.NXDOMAIN) return undefined
  return {
    code: 'upstream-refuses',
    reason: `The upstream answered ${rcodeToText(reply.rcode)} (${names}).`,
    remedy: 'It is the upstream that says so: ask it yourself, and look at its log.',
  }
}
