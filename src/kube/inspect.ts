import type { Logger } from '../log.ts'
import { systemClock } from './clock.ts'
import { type ClusterAddress, type Credentials, loadCredentials } from './credentials.ts'
import { NO_OBSERVER } from './observer.ts'
import { errorText, reasonOf, Transport } from './transport.ts'

/** Octets of a list that are read; an explanation needs few objects. */
const MAX_OCTETS = 4 << 20
/** Objects of a list. */
export const MAX_OBJECTS = 200
/** Milliseconds for one look: who asks is waiting. */
const PATIENCE_MS = 3000

/** What is looked at of an object as the API gives it. */
export interface InspectedObject {
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly resourceVersion?: string
    readonly creationTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind?: string; readonly name?: string }[]
  }
  // biome-ignore lint/suspicious/noExplicitAny: what an API server says of an object has no closer type
  readonly spec?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly status?: any
}

/** What came of a look: objects, or why there are none to see. */
export type Inspected =
  | { readonly objects: readonly InspectedObject[] }
  | { readonly failure: string }

export interface Inspection {
  readonly resource: 'services' | 'pods' | 'namespaces' | 'endpointslices'
  readonly namespace?: string
  readonly name?: string
  readonly labels?: string
}

/** Looks at whole objects of a cluster, one question at a time: with `list`, the one verb besides `watch` that CoreDNS's ClusterRole grants. */
export class Inspector {
  private readonly address: ClusterAddress
  private readonly version: string
  private credentials: Promise<Credentials> | undefined
  private transport: Transport | undefined

  /** @param version for the User-Agent */
  constructor(address: ClusterAddress, deps: { readonly log?: Logger; readonly version: string }) {
    this.address = address
    this.version = deps.version
  }

  async list({ resource, namespace, name, labels }: Inspection): Promise<Inspected> {
    const group = resource === 'endpointslices' ? '/apis/discovery.k8s.io/v1' : '/api/v1'
    const query = new URLSearchParams({ limit: String(MAX_OBJECTS) })
    if (name !== undefined) query.set('fieldSelector', `metadata.name=${name}`)
    if (labels !== undefined) query.set('labelSelector', labels)
    const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
    try {
      return await this.get(`${group}${within}/${resource}?${query}`)
    } catch (error) {
      return { failure: reasonOf(error) }
    }
  }

  close(): void {
    this.transport?.close()
  }

  private async get(path: string): Promise<Inspected> {
    this.credentials ??= loadCredentials(this.address).catch((error) => {
      // The next look tries again.
      this.credentials = undefined
      throw error
    })
    const agent = `Muster/${this.version} (explain)`
    this.transport ??= new Transport(await this.credentials, agent, systemClock, NO_OBSERVER)
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const answer = await this.transport.get(path, {
      accept: 'application/json',
      signal,
      watch: false,
    })
    if ('failure' in answer) return { failure: answer.failure }
    if (answer.status !== 200) return { failure: `${answer.status} ${await errorText(answer)}` }
    const pieces: Buffer[] = []
    let octets = 0
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      octets += piece.length
      if (octets > MAX_OCTETS) return { failure: `a list of more than ${MAX_OCTETS} octets` }
      pieces.push(piece)
    }
    const list = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { items?: InspectedObject[] }
    return { objects: list.items ?? [] }
  }
}
