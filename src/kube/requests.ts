import type { Clock } from './clock.ts'
import type { Format } from './format.ts'
import type { ListMetadata } from './json-stream.ts'
import { cut, type Outcome, refused } from './outcome.ts'
import type { ResourceKind } from './resources.ts'
import type { Answer, NoAnswer, Transport } from './transport.ts'
import { readStream } from './watch.ts'

/** Nothing at all for this long: the connection is dead, whatever the kernel believes. */
export const SILENCE_MS = 35_000

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
