import { EDE, RCODE } from '../../wire/codes.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import type { Why } from '../why.ts'

/** Octets of the text that a client is told. */
export const MAX_TEXT_OCTETS = 160

/** Tells clients that sent OPT why their answer is not what they hoped for (RFC 8914). */
export class Explain implements Plugin {
  readonly name = 'explain'
  readonly keepsLifetimes = true

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const reply = next(query)
    return query.opt === undefined ? reply : whenDone(reply, explained)
  }

  /** What a denial says is true of its branch. */
  clearOf(): boolean {
    return true
  }
}

function explained(reply: Reply): Reply {
  if (reply.extendedError !== undefined || reply.kind === 'silence') return reply
  const why = reply.why?.() ?? failure(reply)
  return why === undefined ? reply : { ...reply, extendedError: cut(why) }
}

/** A plugin that gave up, and said why to the operator. */
function failure({ kind, rcode, error, by }: Reply): Why | undefined {
  if (kind !== 'rcode' || rcode !== RCODE.SERVFAIL) return undefined
  return { code: EDE.OTHER, text: error === undefined ? `${by} gave up` : `${by}: no answer` }
}

function cut({ code, text }: Why): Why {
  if (Buffer.byteLength(text) <= MAX_TEXT_OCTETS) return { code, text }
  const octets = Buffer.from(text).subarray(0, MAX_TEXT_OCTETS)
  return { code, text: new TextDecoder().decode(octets).replace(/\uFFFD+$/, '') }
}
