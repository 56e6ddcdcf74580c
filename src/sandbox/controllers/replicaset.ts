import { equal } from '../patch.ts'
import { matchesLabels, requirementsOf } from '../selectors.ts'
import type { Change } from '../storage.ts'
import type { ApiObject, Json } from '../types.ts'
import {
  type Controller,
  type ControllerContext,
  controllerOf,
  keyOf,
  PODS,
  REPLICA_SETS,
  splitKey,
} from './context.ts'
import { claimPods, createPod, deletePod, untilAvailable } from './podcontrol.ts'
import { isActive, isReady } from './podstatus.ts'
import { WorkQueue } from './queue.ts'

const COMPONENT = 'replicaset-controller'

/** Keeps as many Pods as a ReplicaSet asks for. */
export class ReplicaSetController implements Controller {
  readonly #context: ControllerContext
  readonly #queue: WorkQueue

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = new WorkQueue(context.clock, (key) => this.#sync(key), context.onError)
    for (const set of context.registry.storage.list(REPLICA_SETS)) this.#queue.add(keyOf(set))
  }

  changed(change: Change): void {
    if (change.resource === REPLICA_SETS) this.#queue.add(change.key)
    else if (change.resource === PODS) this.#podChanged(change.object)
  }

  stop(): void {
    this.#queue.stop()
  }

  #podChanged(pod: ApiObject): void {
    const owner = controllerOf(pod)
    const { namespace } = pod.metadata
    if (owner !== undefined) {
      if (owner.kind === 'ReplicaSet') this.#queue.add(`${namespace}/${owner.name}`)
      return
    }
    for (const set of this.#context.registry.storage.list(REPLICA_SETS)) {
      const matches = matchesLabels(requirementsOf(set.spec.selector), pod.metadata.labels)
      if (set.metadata.namespace === namespace && matches) this.#queue.add(keyOf(set))
    }
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key)
    const { registry, clock } = this.#context
    const set = registry.storage.get(REPLICA_SETS, namespace, name)
    if (set === undefined) return
    const active = claimPods(this.#context, set).filter(isActive)
    if (set.metadata.deletionTimestamp === undefined) this.#scale(set, active)
    const pods = claimPods(this.#context, set).filter(isActive)
    this.#writeStatus(set, pods)
    const waits = pods.map((pod) => untilAvailable(pod, set.spec.minReadySeconds ?? 0, clock.now()))
    const soonest = Math.min(...waits.filter((wait) => wait > 0))
    if (Number.isFinite(soonest)) this.#queue.addAfter(key, soonest)
  }

  #scale(set: ApiObject, pods: ApiObject[]): void {
    const missing = set.spec.replicas - pods.length
    for (let count = 0; count < missing; count++) {
      const identity = { generateName: `${set.metadata.name}-` }
      createPod(this.#context, set, COMPONENT, set.spec.template, identity)
    }
    if (missing >= 0) return
    const ranked = [...pods].sort(deletedFirst)
    for (const pod of ranked.slice(0, -missing)) deletePod(this.#context, set, COMPONENT, pod)
  }

  #writeStatus(set: ApiObject, pods: ApiObject[]): void {
    const now = this.#context.clock.now()
    const minReady = set.spec.minReadySeconds ?? 0
    const labels = requirementsOf({ matchLabels: set.spec.template.metadata?.labels })
    const status: Json = {
      replicas: pods.length,
      fullyLabeledReplicas: pods.filter((pod) => matchesLabels(labels, pod.metadata.labels)).length,
      readyReplicas: pods.filter(isReady).length,
      availableReplicas: pods.filter((pod) => untilAvailable(pod, minReady, now) === 0).length,
      observedGeneration: set.metadata.generation,
    }
    for (const count of ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']) {
      if (status[count] === 0) delete status[count]
    }
    if (equal(status, set.status)) return
    const { namespace = '', name } = set.metadata
    this.#context.registry.update(REPLICA_SETS, namespace, name, { ...set, status }, {}, 'status')
  }
}

/** Who goes first when there are too many: not placed, not ready, then the youngest (controller.ActivePods). */
function deletedFirst(a: ApiObject, b: ApiObject): number {
  const placed = Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName))
  if (placed !== 0) return placed
  const ready = Number(isReady(a)) - Number(isReady(b))
  if (ready !== 0) return ready
  const created = (pod: ApiObject) => Date.parse(pod.metadata.creationTimestamp ?? '')
  const younger = created(b) - created(a)
  return younger !== 0 ? younger : b.metadata.name < a.metadata.name ? -1 : 1
}
