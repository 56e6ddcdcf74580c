import { equal } from '../patch.ts'
import { matchesSelectorMap } from '../selectors.ts'
import type { Change } from '../storage.ts'
import type { ApiObject } from '../types.ts'
import {
  type Controller,
  type ControllerContext,
  ENDPOINT_SLICES,
  keyOf,
  NODES,
  PODS,
  SERVICES,
  splitKey,
} from './context.ts'
import { endpointGroups, selectedPods } from './endpoints.ts'
import { writeEndpoints } from './endpointsobject.ts'
import { WorkQueue } from './queue.ts'
import { HEADLESS, MANAGED_BY, reconcileSlices, SERVICE_NAME, type SliceOwner } from './slices.ts'
import { TriggerTimes } from './triggers.ts'

const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io'

/** Keeps the EndpointSlices and the Endpoints of every Service that has a selector. */
export class ServiceController implements Controller {
  readonly #context: ControllerContext
  readonly #queue: WorkQueue
  readonly #triggers = new TriggerTimes()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = new WorkQueue(context.clock, (key) => this.#sync(key), context.onError)
    this.#addAll()
  }

  changed(change: Change): void {
    if (change.resource === SERVICES) this.#queue.add(change.key)
    else if (change.resource === PODS) this.#podChanged(change)
    else if (change.resource === NODES) this.#nodeChanged(change)
    else if (change.resource === ENDPOINT_SLICES) this.#sliceChanged(change.object)
  }

  stop(): void {
    this.#queue.stop()
  }

  #addAll(): void {
    for (const one of this.#context.registry.storage.list(SERVICES)) this.#queue.add(keyOf(one))
  }

  #podChanged(change: Change): void {
    const { object, previous } = change
    for (const service of this.#context.registry.storage.list(SERVICES)) {
      if (service.metadata.namespace !== object.metadata.namespace) continue
      const { selector } = service.spec
      const matches =
        matchesSelectorMap(selector, object.metadata.labels) ||
        matchesSelectorMap(selector, previous?.metadata.labels)
      if (matches) this.#queue.add(keyOf(service))
    }
  }

  #nodeChanged(change: Change): void {
    const before = change.previous?.metadata.labels
    if (!equal(before, change.object.metadata.labels)) this.#addAll()
  }

  /** Somebody else's hand in our slices is put right. */
  #sliceChanged(slice: ApiObject): void {
    const { labels = {}, namespace } = slice.metadata
    if (labels[MANAGED_BY] !== SLICE_CONTROLLER) return
    this.#queue.add(`${namespace}/${labels[SERVICE_NAME]}`)
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key)
    const service = this.#context.registry.storage.get(SERVICES, namespace, name)
    if (service === undefined) this.#triggers.forget(key)
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return
    // Without a selector the endpoints are somebody else's; an alias has none.
    if (!hasSelector(service)) return
    const pods = selectedPods(this.#context, service)
    const groups = endpointGroups(this.#context, service, pods)
    const trigger = this.#triggers.next(key, service, pods)
    reconcileSlices(this.#context, { ...ownerOf(service), trigger }, groups)
    writeEndpoints(this.#context, service, groups, trigger)
  }
}

function hasSelector(service: ApiObject): boolean {
  const { selector, type } = service.spec
  return type !== 'ExternalName' && Object.keys(selector ?? {}).length > 0
}

function ownerOf(service: ApiObject): SliceOwner {
  const labels = { ...service.metadata.labels }
  for (const reserved of [SERVICE_NAME, MANAGED_BY, HEADLESS]) delete labels[reserved]
  if (service.spec.clusterIP === 'None') labels[HEADLESS] = ''
  const serviceName = service.metadata.name
  return { object: service, serviceName, managedBy: SLICE_CONTROLLER, labels }
}
