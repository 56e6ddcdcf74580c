import { equal } from '../patch.ts'
import type { Change } from '../storage.ts'
import type { ApiObject, Json } from '../types.ts'
import {
  type Controller,
  type ControllerContext,
  controllerOf,
  keyOf,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  splitKey,
} from './context.ts'
import { claimPods, createPod, deletePod, untilAvailable } from './podcontrol.ts'
import { isActive, isReady } from './podstatus.ts'
import { WorkQueue } from './queue.ts'
import { currentRevisions, REVISION_LABEL, type Revisions } from './revisions.ts'

const COMPONENT = 'statefulset-controller'

/** A set whose governing Service is still missing after this is told so: manifests may name the set first. */
export const MISSING_SERVICE_AFTER_MS = 2_000

/** Keeps the numbered Pods of a StatefulSet: in order, one at a time, each with its own name. */
export class StatefulSetController implements Controller {
  readonly #context: ControllerContext
  readonly #queue: WorkQueue

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = new WorkQueue(context.clock, (key) => this.#sync(key), context.onError)
    for (const set of context.registry.storage.list(STATEFUL_SETS)) this.#queue.add(keyOf(set))
  }

  changed(change: Change): void {
    if (change.resource === STATEFUL_SETS) this.#queue.add(change.key)
    if (change.resource !== PODS) return
    const owner = controllerOf(change.object)
    const { namespace } = change.object.metadata
    if (owner?.kind === 'StatefulSet') this.#queue.add(`${namespace}/${owner.name}`)
  }

  stop(): void {
    this.#queue.stop()
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key)
    const set = this.#context.registry.storage.get(STATEFUL_SETS, namespace, name)
    if (set === undefined) return
    const revisions = currentRevisions(this.#context, set)
    if (set.metadata.deletionTimestamp === undefined) {
      this.#checkService(key, set)
      this.#reconcile(key, set, revisions)
    }
    this.#writeStatus(set, revisions)
  }

  /** Without its governing Service the Pods have no names of their own: what a beginner looks for longest. */
  #checkService(key: string, set: ApiObject): void {
    const { registry, clock, events } = this.#context
    const { serviceName } = set.spec
    const { namespace = '' } = set.metadata
    if (serviceName && registry.storage.get(SERVICES, namespace, serviceName) !== undefined) return
    const waited = clock.now() - Date.parse(set.metadata.creationTimestamp ?? '')
    if (waited < MISSING_SERVICE_AFTER_MS) {
      this.#queue.addAfter(key, MISSING_SERVICE_AFTER_MS - waited)
      return
    }
    if (set.status?.observedGeneration === undefined) return
    const text = serviceName
      ? `spec.serviceName names the Service "${serviceName}", which is not in namespace "${namespace}": the Pods have no names of their own until it is created (headless, selecting them)`
      : 'spec.serviceName is empty: the Pods have no names of their own; name a headless Service that selects them'
    const told = this.#told.get(set.metadata.uid ?? '')
    if (told === text) return
    this.#told.set(set.metadata.uid ?? '', text)
    events.warning(COMPONENT, set, 'GoverningServiceNotFound', text)
  }

  readonly #told = new Map<string, string>()

  #reconcile(key: string, set: ApiObject, revisions: Revisions): void {
    const pods = claimPods(this.#context, set)
    const ordered = (set.spec.podManagementPolicy ?? 'OrderedReady') === 'OrderedReady'
    const start = set.spec.ordinals?.start ?? 0
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]))
    let healthy = true
    for (let ordinal = start; ordinal < start + set.spec.replicas; ordinal++) {
      const pod = byOrdinal.get(ordinal)
      const settled = this.#keep(key, set, pod, ordinal, revisions)
      if (!settled) healthy = false
      if (!settled && ordered) return
    }
    const condemned = pods
      .filter((pod) => beyond(set, ordinalOf(set, pod)))
      .sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a))
    if (this.#condemn(set, condemned, ordered) && ordered) return
    if (healthy || !ordered) this.#update(set, byOrdinal, revisions)
  }

  /** True once the Pod of this ordinal is there, running and available. */
  #keep(
    key: string,
    set: ApiObject,
    pod: ApiObject | undefined,
    ordinal: number,
    revisions: Revisions,
  ): boolean {
    if (pod === undefined) {
      this.#create(set, ordinal, revisions)
      return false
    }
    if (pod.metadata.deletionTimestamp !== undefined) return false
    if (!isActive(pod)) {
      deletePod(this.#context, set, COMPONENT, pod)
      return false
    }
    const wait = untilAvailable(pod, set.spec.minReadySeconds ?? 0, this.#context.clock.now())
    if (wait > 0 && Number.isFinite(wait)) this.#queue.addAfter(key, wait)
    return wait === 0
  }

  #create(set: ApiObject, ordinal: number, revisions: Revisions): void {
    const name = `${set.metadata.name}-${ordinal}`
    const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
    // The Pod of an earlier set of the same name may still be stopping: its end is told to this set, too.
    const { namespace = '' } = set.metadata
    if (this.#context.registry.storage.get(PODS, namespace, name) !== undefined) return
    const start = set.spec.ordinals?.start ?? 0
    const stays = ordinal - start < partition
    const revision = stays ? revisions.current : revisions.update
    createPod(
      this.#context,
      set,
      COMPONENT,
      stays ? revisions.currentTemplate : set.spec.template,
      {
        name,
        labels: {
          'statefulset.kubernetes.io/pod-name': name,
          'apps.kubernetes.io/pod-index': String(ordinal),
          [REVISION_LABEL]: revision,
        },
        spec: { hostname: name, subdomain: set.spec.serviceName },
      },
    )
  }

  /**
   * Stops Pods beyond the replicas, highest first. True while one of them is still there. In order, a Pod that is not available
   * holds up those above it: it goes last.
   */
  #condemn(set: ApiObject, condemned: ApiObject[], ordered: boolean): boolean {
    const lowestUnavailable = condemned.findLast((pod) => !this.#isAvailable(set, pod))
    for (const pod of condemned) {
      const stopping = pod.metadata.deletionTimestamp !== undefined
      const held = ordered && pod !== lowestUnavailable && !this.#isAvailable(set, pod)
      if (!stopping && !held) deletePod(this.#context, set, COMPONENT, pod)
      if (ordered) return true
    }
    return condemned.length > 0
  }

  /** Rolling update: the highest Pod of another revision goes, once those above it are available. */
  #update(set: ApiObject, byOrdinal: Map<number, ApiObject>, revisions: Revisions): void {
    if (set.spec.updateStrategy?.type === 'OnDelete') return
    const start = set.spec.ordinals?.start ?? 0
    const lowest = start + (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0)
    for (let ordinal = start + set.spec.replicas - 1; ordinal >= lowest; ordinal--) {
      const pod = byOrdinal.get(ordinal)
      if (pod === undefined) return
      const stopping = pod.metadata.deletionTimestamp !== undefined
      const old = pod.metadata.labels?.[REVISION_LABEL] !== revisions.update
      if (old && !stopping) deletePod(this.#context, set, COMPONENT, pod)
      if (old || !this.#isAvailable(set, pod)) return
    }
  }

  #isAvailable(set: ApiObject, pod: ApiObject): boolean {
    if (pod.metadata.deletionTimestamp !== undefined) return false
    return untilAvailable(pod, set.spec.minReadySeconds ?? 0, this.#context.clock.now()) === 0
  }

  #writeStatus(set: ApiObject, revisions: Revisions): void {
    const { registry, clock } = this.#context
    const { namespace = '', name } = set.metadata
    // Pods that stop are counted, as long as they are there; of no revision, though.
    const pods = claimPods(this.#context, set).filter((pod) => pod.status?.phase !== undefined)
    const now = clock.now()
    const minReady = set.spec.minReadySeconds ?? 0
    const of = (revision: string) =>
      pods.filter(
        (pod) =>
          pod.metadata.deletionTimestamp === undefined &&
          pod.metadata.labels?.[REVISION_LABEL] === revision,
      ).length
    const updated = of(revisions.update)
    const ready = pods.filter(isReady).length
    const complete = [updated, ready, pods.length].every((count) => count === set.spec.replicas)
    const current = complete ? revisions.update : revisions.current
    const status: Json = {
      observedGeneration: set.metadata.generation,
      replicas: pods.length,
      readyReplicas: ready,
      availableReplicas: pods.filter((pod) => untilAvailable(pod, minReady, now) === 0).length,
      currentReplicas: of(current),
      updatedReplicas: updated,
      currentRevision: current,
      updateRevision: revisions.update,
      collisionCount: 0,
    }
    for (const count of ['readyReplicas', 'currentReplicas', 'updatedReplicas']) {
      if (status[count] === 0) delete status[count]
    }
    if (equal(status, set.status)) return
    const fresh = registry.storage.get(STATEFUL_SETS, namespace, name) ?? set
    registry.update(STATEFUL_SETS, namespace, name, { ...fresh, status }, {}, 'status')
  }
}

function beyond({ spec }: ApiObject, ordinal: number): boolean {
  const start = spec.ordinals?.start ?? 0
  return ordinal < start || ordinal >= start + spec.replicas
}

function ordinalOf(set: ApiObject, pod: ApiObject): number {
  const text = pod.metadata.name.slice(set.metadata.name.length + 1)
  return /^\d+$/.test(text) ? Number(text) : -1
}
