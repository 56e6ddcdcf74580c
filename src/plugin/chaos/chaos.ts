import { CLASS, TYPE } from '../../wire/codes.ts'
import { name } from '../../wire/name.ts'
import { type Octets, type Rr, txtRdata } from '../../wire/record.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo } from '../reply.ts'

/** Octets of one character-string (RFC 1035 §3.3). */
const MAX_STRING_OCTETS = 255

export interface Told {
  readonly version: string
  readonly authors: readonly string[]
  readonly hostname: string
}

const AUTHORS = name('authors.bind')
const VERSIONS = new Set([name('version.bind'), name('version.server')])
const HOSTNAMES = new Set([name('hostname.bind'), name('id.server')])

/** Tells about the server in TXT records of class CH (RFC 4892): its version, its authors, its host. */
export class Chaos implements Plugin {
  readonly name = 'chaos'
  readonly keepsLifetimes = true
  readonly takesAnyClass = true
  private readonly told: Told
  private readonly random: () => number

  /** @param random in [0, 1), for the order of the authors */
  constructor(told: Told, random: () => number) {
    this.told = told
    this.random = random
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (query.qclass !== CLASS.CH || query.qtype !== TYPE.TXT) return next(query)
    const texts = this.textsFor(query)
    if (texts === undefined) return next(query)
    return replyTo(query, 'chaos', { answer: texts.map((text) => record(query, text)) })
  }

  /** Denials of branches are of class IN. */
  clearOf(): boolean {
    return true
  }

  private textsFor({ folded }: Query): readonly string[] | undefined {
    const { version, authors, hostname } = this.told
    if (folded === AUTHORS) return shuffle([...authors], this.random)
    if (VERSIONS.has(folded)) return [version]
    return HOSTNAMES.has(folded) ? [hostname] : undefined
  }
}

function record(query: Query, text: string): Rr {
  return { owner: query.qname, type: TYPE.TXT, class: CLASS.CH, ttl: 0, rdata: oneString(text) }
}

function oneString(text: string): Octets {
  return txtRdata(Buffer.from(text).toString('latin1').slice(0, MAX_STRING_OCTETS))
}

function shuffle(texts: string[], random: () => number): string[] {
  for (let i = texts.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = texts[j] as string
    texts[j] = texts[i] as string
    texts[i] = other
  }
  return texts
}
