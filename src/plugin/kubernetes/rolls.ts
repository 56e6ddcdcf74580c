import type { InspectedObject } from '../../kube/inspect.ts'
import {
  type EndpointRecord,
  endpointsKey,
  isPublished,
  namespaceKey,
  type ServiceRecord,
  type Store,
  serviceKey,
} from '../../kube/store.ts'
import { nameToText } from '../../wire/name.ts'
import type { Roll, RollEndpoint, Rolls, WaitingPod } from '../standing.ts'
import type { Config } from './config.ts'
import { endpointName } from './hits.ts'
import type { Looker } from './looker.ts'

/** Services that a search looks at: it is for people, and holds up the control thread. */
export const MAX_SEARCHED = 5000
/** Endpoints of a Service that are told one by one. */
export const MAX_ENDPOINTS = 200

/** What is behind the Services of a store. */
export class StoreRolls implements Rolls {
  readonly #store: Store
  readonly #config: Config
  readonly #looker: Looker

  constructor(store: Store, config: Config, looker: Looker) {
    this.#store = store
    this.#config = config
    this.#looker = looker
  }

  find(text: string, limit: number): string[] {
    const wanted = text.toLowerCase()
    const rolling: string[] = []
    const others: string[] = []
    let left = MAX_SEARCHED
    for (const service of this.#store.services()) {
      if (left-- === 0) break
      const id = `${service.namespace}/${service.name}`
      if (!id.includes(wanted)) continue
      ;(this.#isRolling(service) ? rolling : others).push(id)
    }
    return [...rolling.sort(), ...others.sort()].slice(0, limit)
  }

  of(namespace: string, name: string): Roll | undefined {
    const service = this.#store.service(name, namespace)
    if (service === undefined) return undefined
    const base = `${name}.${namespace}.svc.${nameToText(this.#config.primaryZone)}`
    const external = service.type === 'ExternalName'
    const slices = external ? [] : this.#store.slices(name, namespace)
    const exposed = this.#isExposed(namespace)
    const endpoints = new Map<string, RollEndpoint>()
    for (const { endpoints: list } of slices) {
      for (const endpoint of list) {
        const told = exposed && isPublished(endpoint, service)
        endpoints.set(endpoint.address, this.#endpoint(endpoint, told, base))
      }
    }
    return {
      name: base,
      type: service.headless && !external ? 'headless' : service.type,
      externalName: service.externalName,
      publishesNotReady: service.publishNotReadyAddresses,
      endpoints: [...endpoints.values()].sort(byPod).slice(0, MAX_ENDPOINTS),
    }
  }

  async waiting(namespace: string, name: string): Promise<readonly WaitingPod[]> {
    if (this.#store.service(name, namespace)?.selects !== true) return []
    const [service] = (await this.#looker.service(namespace, name)).objects
    const selector = service?.spec?.selector as Record<string, string> | undefined
    if (selector === undefined) return []
    const { objects } = await this.#looker.pods(namespace, selector)
    return objects
      .filter(({ status }) => !status?.podIP && !ENDED.has(status?.phase))
      .map((object) => ({ pod: object.metadata?.name ?? '', says: whyWaiting(object) }))
      .sort((a, b) => ORDER.compare(a.pod, b.pod))
      .slice(0, MAX_ENDPOINTS)
  }

  onChange(namespace: string, name: string, listener: () => void): () => void {
    const keys = new Set([
      serviceKey(name, namespace),
      endpointsKey(name, namespace),
      namespaceKey(namespace),
    ])
    return this.#store.onChange((changed) => {
      if (changed.some((key) => keys.has(key))) listener()
    })
  }

  #isRolling({ name, namespace, type }: ServiceRecord): boolean {
    if (type === 'ExternalName') return false
    const slices = this.#store.slices(name, namespace)
    return slices.some(({ endpoints }) => endpoints.some(({ ready }) => !ready))
  }

  #isExposed(namespace: string): boolean {
    const { namespaces } = this.#config
    if (namespaces.size > 0 && !namespaces.has(namespace)) return false
    return this.#store.namespace(namespace) !== undefined
  }

  #endpoint(endpoint: EndpointRecord, told: boolean, base: string): RollEndpoint {
    const label = endpointName(endpoint, this.#config.endpointPodNames)
    const { podName, address, nodeName, ready, terminating } = endpoint
    return {
      pod: podName,
      address,
      node: nodeName,
      state: terminating === true ? 'terminating' : ready ? 'ready' : 'not-ready',
      told,
      name: label === '' ? '' : `${label}.${base}`,
    }
  }
}

const ENDED: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed'])

/** The closest reason that the API gives: of a container, of the scheduler, else the phase. */
function whyWaiting({ status }: InspectedObject): string {
  const reasons = [
    ...(status?.containerStatuses ?? []).map((one: Reasoned) => one.state?.waiting?.reason),
    ...(status?.conditions ?? []).map((one: Reasoned) => one.status === 'False' && one.reason),
  ]
  const found = reasons.find((reason) => typeof reason === 'string' && reason !== '')
  return found ?? String(status?.phase ?? 'Pending')
}

interface Reasoned {
  readonly status?: string
  readonly reason?: string
  readonly state?: { readonly waiting?: { readonly reason?: string } }
}

/** `web-2` before `web-10`. */
function byPod(a: RollEndpoint, b: RollEndpoint): number {
  return ORDER.compare(a.pod, b.pod) || ORDER.compare(a.address, b.address)
}
const ORDER = new Intl.Collator('en', { numeric: true })
