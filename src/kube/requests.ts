import type { Clock } from './clock.ts'
import type { Format } from './format.ts'
import type { ListMetadata } from './json-stream.ts'
import type { ResyncReason } from './observer.ts'
import type { ResourceKind } from './resources.ts'
import { type Answer, errorText, type NoAnswer, type Transport } from './transport.ts'
import { readStream, type StreamEnd } from './watch.ts'

/** Nothing at all for this long: the connection is dead, whatever the kernel believes. */
export const SILENCE_MS = 35_000

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

export interface Selectors {
  readonly label?: string | undefined
  readonly field?: string | undefined
}

/** Requests for one kind of object. */
export class Requests {
  readonly #kind: ResourceKind
  readonly #selectors: Selectors
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #formats: readonly Format[]
  readonly #signal: AbortSignal

  /** @param formats the first is preferred; the last one is what every server has */
  constructor(
    kind: ResourceKind,
    selectors: Selectors,
    deps: { transport: Transport; clock: Clock; formats: readonly Format[] },
    signal: AbortSignal,
  ) {
    this.#kind = kind
    this.#selectors = selectors
    this.#transport = deps.transport
    this.#clock = deps.clock
    this.#formats = deps.formats
    this.#signal = signal
  }

  get(query: Record<string, string>, watch: boolean): Promise<Answer | NoAnswer> {
    const { label, field } = this.#selectors
    const parameters = new URLSearchParams(query)
    if (label) parameters.set('labelSelector', label)
    const fields = [field, query.fieldSelector].filter(Boolean)
    if (fields.length > 0) parameters.set('fieldSelector', fields.join(','))
    return this.#transport.get(`${this.#kind.path}?${parameters}`, {
      accept: this.#formats.map(({ accept, stream }) => (watch ? stream : accept)).join(', '),
      signal: this.#signal,
      watch,
    })
  }

  /** The format that the server chose. */
  formatOf(answer: Answer): Format {
    const { contentType } = answer
    const chosen = this.#formats.find(({ mediaType }) => contentType.startsWith(mediaType))
    return chosen ?? this.#formats[this.#formats.length - 1]!
  }

  /**
   * One page of a list.
   *
   * @param item takes each item as it comes; false where it could not be read, which ends the page
   */
  async page(
    query: Record<string, string>,
    item: (format: Format, object: unknown) => boolean,
  ): Promise<ListMetadata | Outcome> {
    const answer = await this.get(query, false)
    if ('failure' in answer) return answer
    if (answer.status !== 200) return refused(answer)
    const format = this.formatOf(answer)
    const parser = format.listParser((object) => item(format, object))
    const end = await readStream(
      answer.body,
      (chunk) => parser.push(chunk),
      () => SILENCE_MS,
      this.#clock,
    )
    if (end.end === 'stop') return { list: 'broken', failure: 'an item that could not be read' }
    if (end.end !== 'closed') return cut(end)
    return parser.finish() ?? { list: 'broken', failure: 'a list that is not whole' }
  }
}

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
