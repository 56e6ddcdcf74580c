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

  async get(query: Record<string, string>, watch: boolean): Promise<Answer | NoAnswer> {
    const { label, field } = this.#selectors
    const parameters = new URLSearchParams(query)
    if (label) parameters.set('labelSelector', label)
    const fields = [field, query.fieldSelector].filter(Boolean)
    if (fields.length > 0) parameters.set('fieldSelector', fields.join(','))
    const answer = await this.#transport.get(`${this.#kind.path}?${parameters}`, {
      accept: this.#formats.map(({ accept, stream }) => (watch ? stream : accept)).join(', '),
      signal: this.#signal,
      watch,
    })
    if ('failure' in answer || answer.status !== 200) return answer
    const { contentType, body } = answer
    if (!contentType.startsWith('text/')) return answer
    body.destroy()
    // A page for people: of a proxy, a login, another server.
    return {
      failure: `what answers is no Kubernetes API: it sends ${contentType}`,
      unreachable: true,
    }
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
    let items = 0
    const parser = format.listParser((object) => {
      items++
      return item(format, object)
    })
    const end = await readStream(
      answer.body,
      (chunk) => parser.push(chunk),
      () => SILENCE_MS,
      () => items,
      this.#clock,
    )
    if (end.end === 'stop') return { list: 'broken', failure: 'an item that could not be read' }
    if (end.end !== 'closed') return cut(end)
    const list = parser.finish()
    if (list === undefined) return { list: 'broken', failure: 'a list that is not whole' }
    if (list.continueToken !== '' && list.continueToken === query.continue) {
      return { list: 'broken', failure: 'a list whose next page is the same again' }
    }
    return list
  }
}
