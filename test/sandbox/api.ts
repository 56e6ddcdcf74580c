import type { Cluster } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'

export interface Answer {
  code: number
  body: Json
  headers: Headers
}

/** One request of the cluster's API. */
export async function ask(
  cluster: Cluster,
  method: string,
  path: string,
  body?: Json,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const init: RequestInit = {
    method,
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
  }
  if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(cluster.url + path, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return {
    code: response.status,
    body: isJson ? JSON.parse(text) : text,
    headers: response.headers,
  }
}

/** A watch as its client sees it. */
export class WatchReader {
  readonly #lines: AsyncGenerator<Json>

  constructor(lines: AsyncGenerator<Json>) {
    this.#lines = lines
  }

  static async open(
    cluster: Cluster,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<WatchReader> {
    const response = await fetch(cluster.url + path, { headers })
    if (response.status !== 200) throw new Error(`watch: ${response.status}`)
    return new WatchReader(lines(response))
  }

  /** The next event, or undefined at the end of the stream. */
  async next(): Promise<Json> {
    return (await this.#lines.next()).value
  }

  /** The next so many events as `TYPE name`. */
  async take(count: number): Promise<string[]> {
    const events: string[] = []
    while (events.length < count) {
      const event = await this.next()
      if (event === undefined) break
      events.push(`${event.type} ${event.object.metadata?.name ?? ''}`.trim())
    }
    return events
  }
}

async function* lines(response: Response): AsyncGenerator<Json> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const part of response.body ?? []) {
    rest += decoder.decode(part, { stream: true })
    const all = rest.split('\n')
    rest = all.pop() ?? ''
    for (const line of all) yield JSON.parse(line)
  }
}

export function service(name: string, extra: Json = {}): Json {
  const { labels, namespace = 'default', ...spec } = extra
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
    spec: { ports: [{ port: 80 }], ...spec },
  }
}

export function deployment(name: string, extra: Json = {}): Json {
  const { kind = 'Deployment', template = {}, labels = { app: name }, ...spec } = extra
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations: template.annotations ?? {} },
        spec: {
          containers: [
            { name: 'main', image: 'nginx:1.27', ports: [{ name: 'http', containerPort: 8080 }] },
          ],
          ...template.spec,
        },
      },
      ...spec,
    },
  }
}
