import { CLASS, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { fold, isAtOrBelow, type Name, nameFromText } from '../../wire/name.ts'
import { txtRdata } from '../../wire/record.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo } from '../reply.ts'
import type { Shared } from '../setup.ts'

/** What the CA is to find in TXT records while it looks (RFC 8555 §8.4). */
export class Challenges implements Shared {
  private readonly values = new Map<Name, string[]>()

  present(name: Name, value: string): void {
    this.values.set(name, [...(this.values.get(name) ?? []), value].sort())
  }

  remove(name: Name, value: string): void {
    const rest = [...(this.values.get(name) ?? [])]
    if (rest.includes(value)) rest.splice(rest.indexOf(value), 1)
    if (rest.length === 0) this.values.delete(name)
    else this.values.set(name, rest)
  }

  at(name: Name): readonly string[] {
    return this.values.get(name) ?? []
  }

  close(): void {
    this.values.clear()
  }
}

/** The name that the CA asks about a domain; for a wildcard that of the domain below which it is. */
export function challengeName(domain: string): Name {
  const name = nameFromText(`_acme-challenge.${domain.replace(/^\*\./, '')}.`)
  if (name === undefined) throw new Error(`invalid ACME domain "${domain}"`)
  return fold(name)
}

/** Answers the CA, in every block of a configuration. */
export class AcmeChallenger implements Plugin {
  readonly name = 'tls'
  readonly keepsLifetimes = true
  private readonly challenges: Challenges
  /** Which options a domain is configured with, by the domain. */
  private readonly owners = new Map<string, string>()
  private readonly names = new Set<Name>()

  constructor(challenges: Challenges) {
    this.challenges = challenges
  }

  /** @throws Error when one of the domains is configured with other options already */
  claim(domains: readonly string[], owner: string): void {
    for (const domain of domains) {
      if ((this.owners.get(domain) ?? owner) !== owner) {
        throw new Error(`ACME domain "${domain}" is configured with conflicting options`)
      }
      this.owners.set(domain, owner)
      this.names.add(challengeName(domain))
    }
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (query.qtype !== TYPE.TXT || !this.names.has(query.folded)) return next(query)
    const values = query.qclass === CLASS.IN ? this.challenges.at(query.folded) : []
    if (values.length === 0) {
      return whenDone(next(query), (reply) =>
        reply.kind === 'silence' ? reply : { ...reply, lifetime: ONCE, deniedBelow: 0 },
      )
    }
    const answer = values.map((value) => ({
      owner: query.qname,
      type: TYPE.TXT,
      class: CLASS.IN,
      ttl: 0,
      rdata: txtRdata(value),
    }))
    const reply = replyTo(query, this.name, { answer })
    return { ...reply, flags: reply.flags | FLAG.AA }
  }

  clearOf(branch: Name, qtype: number): boolean {
    return qtype !== TYPE.TXT || ![...this.names].some((name) => isAtOrBelow(name, branch))
  }
}
