import type { Status } from './decode.ts'
import type { ResyncReason } from './observer.ts'
import { type Answer, errorText } from './transport.ts'
import type { StreamEnd } from './watch.ts'

/** What a round with the server came to, and so what to do next. */
export interface Outcome {
  /** A complete list is due. */
  readonly list?: ResyncReason
  /** Why to wait first. */
  readonly failure?: string
  /** There was no answer at all: the wait is over once any request has one. */
  readonly unreachable?: boolean
  /** What the server asked to be waited. */
  readonly retryAfterMs?: number
  /** The server's version is to be looked at before a watch is resumed. */
  readonly doubt?: boolean
}

export const SILENT = 'nothing came for too long'

/** The server answered, and did not give what was asked for. */
export async function refused(answer: Answer): Promise<Outcome> {
  const text = await errorText(answer)
  const failure = `${answer.status} ${text}`.trim()
  const { retryAfterMs } = answer
  // A version that the server has not reached yet, and one that it no longer has, are both mended by a new list.
  if (answer.status === 410 || /too large resource version/i.test(text)) {
    return { failure, retryAfterMs, list: 'expired' }
  }
  if (answer.status === 400) return { failure, retryAfterMs, list: 'error' }
  return { failure, retryAfterMs }
}

/** A stream ended otherwise than the server meant it to. */
export function cut(end: StreamEnd): Outcome {
  if (end.end === 'broken') return { list: 'broken', failure: 'a stream that could not be read' }
  if (end.end === 'reset') return { doubt: true, failure: end.failure }
  return { doubt: true, failure: SILENT }
}

export const BROKEN: Outcome = { list: 'broken', failure: 'an event that could not be read' }

/** What an ERROR event comes to. */
export function errorEvent({ code, reason, message }: Status): Outcome {
  const failure = message || reason || `status ${code}`
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return { list: 'expired', failure }
  // Too busy: the watch can go on from where it was.
  if (code === 429 || code === 503) return { failure }
  return { list: 'error', failure }
}
