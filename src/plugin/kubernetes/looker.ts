import type { InspectedObject, Inspector } from '../../kube/inspect.ts'
import type { Fact } from '../why.ts'

/** What a look came to; `failure` says why nothing could be seen. */
export interface Seen {
  readonly objects: readonly InspectedObject[]
  readonly failure: string | undefined
}

/** Looks at whole objects; without a way to the API it sees none. */
export class Looker {
  private readonly inspector: Inspector | undefined
  private readonly wallClock: () => number

  constructor(inspector: Inspector | undefined, wallClock: () => number = Date.now) {
    this.inspector = inspector
    this.wallClock = wallClock
  }

  service(namespace: string, name: string): Promise<Seen> {
    return this.look({ resource: 'services', namespace, name })
  }

  slices(namespace: string, service: string): Promise<Seen> {
    const labels = `kubernetes.io/service-name=${service}`
    return this.look({ resource: 'endpointslices', namespace, labels })
  }

  pods(namespace: string, selector: Readonly<Record<string, string>> | undefined): Promise<Seen> {
    const labels = selector && selectorText(selector)
    return this.look({ resource: 'pods', namespace, ...(labels !== undefined && { labels }) })
  }

  pod(namespace: string, name: string): Promise<Seen> {
    return this.look({ resource: 'pods', namespace, name })
  }

  /** An object as a fact, its version and age from itself. */
  fact(kind: string, object: InspectedObject, says: string): Fact {
    const { name = '', namespace, resourceVersion, creationTimestamp } = object.metadata ?? {}
    const made = Date.parse(creationTimestamp ?? '')
    return {
      kind,
      name: namespace === undefined ? name : `${namespace}/${name}`,
      ...(resourceVersion !== undefined && { version: resourceVersion }),
      ...(Number.isFinite(made) && {
        ageSeconds: Math.max(0, Math.round((this.wallClock() - made) / 1000)),
      }),
      says,
    }
  }

  private async look(inspection: Parameters<Inspector['list']>[0]): Promise<Seen> {
    if (this.inspector === undefined) return { objects: [], failure: 'there is no API to ask' }
    const seen = await this.inspector.list(inspection)
    if ('failure' in seen) return { objects: [], failure: seen.failure }
    return { objects: seen.objects, failure: undefined }
  }
}

/** `app=web,tier=front`. */
export function selectorText(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .map(([label, value]) => `${label}=${value}`)
    .join(',')
}
