import { timestamp } from '../clock.ts'
import { equal } from '../patch.ts'
import type { Change } from '../storage.ts'
import type { ApiObject } from '../types.ts'
import {
  type Controller,
  type ControllerContext,
  controllerOf,
  DEPLOYMENTS,
  hashOf,
  isControlledBy,
  keyOf,
  ownerReference,
  PODS,
  REPLICA_SETS,
  splitKey,
} from './context.ts'
import {
  available,
  HASH,
  REVISION,
  revisionOf,
  sameTemplate,
  share,
  statusOf,
  sum,
} from './deploymentstatus.ts'
import { isActive } from './podstatus.ts'
import { WorkQueue } from './queue.ts'

const COMPONENT = 'deployment-controller'

/** Rolls a Deployment's ReplicaSets over from one template to the next. */
export class DeploymentController implements Controller {
  readonly #context: ControllerContext
  readonly #queue: WorkQueue

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = new WorkQueue(context.clock, (key) => this.#sync(key), context.onError)
    for (const one of context.registry.storage.list(DEPLOYMENTS)) this.#queue.add(keyOf(one))
  }

  changed(change: Change): void {
    if (change.resource === DEPLOYMENTS) this.#queue.add(change.key)
    if (change.resource === REPLICA_SETS) this.#addOwner(change.object)
    // A Recreate waits for the last Pod to go.
    if (change.resource === PODS && change.type === 'DELETED') this.#podGone(change.object)
  }

  stop(): void {
    this.#queue.stop()
  }

  #addOwner(set: ApiObject): void {
    const owner = controllerOf(set)
    if (owner?.kind === 'Deployment') this.#queue.add(`${set.metadata.namespace}/${owner.name}`)
  }

  #podGone(pod: ApiObject): void {
    const owner = controllerOf(pod)
    if (owner?.kind !== 'ReplicaSet') return
    const { storage } = this.#context.registry
    const set = storage.get(REPLICA_SETS, pod.metadata.namespace ?? '', owner.name)
    if (set !== undefined) this.#addOwner(set)
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key)
    const { storage } = this.#context.registry
    const deployment = storage.get(DEPLOYMENTS, namespace, name)
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return
    const current = this.#currentSet(deployment)
    if (current !== undefined && deployment.spec.paused !== true) this.#roll(deployment, current)
    else if (current !== undefined) this.#resize(deployment)
    this.#forgetOld(deployment)
    this.#writeStatus(deployment)
  }

  #sets(deployment: ApiObject): ApiObject[] {
    const { storage } = this.#context.registry
    return storage.list(REPLICA_SETS).filter((set) => isControlledBy(set, deployment))
  }

  /** The ReplicaSet of the present template, made where there is none; its revision is the highest. */
  #currentSet(deployment: ApiObject): ApiObject | undefined {
    const sets = this.#sets(deployment)
    const found = sets.find((set) => sameTemplate(set, deployment))
    const others = sets.filter((set) => set !== found).map(revisionOf)
    const revision = Math.max(0, ...others) + 1
    if (found === undefined) {
      return deployment.spec.paused === true ? sets.at(-1) : this.#createSet(deployment, revision)
    }
    this.#annotate(DEPLOYMENTS, deployment, String(Math.max(revisionOf(found), revision)))
    return this.#annotate(REPLICA_SETS, found, String(Math.max(revisionOf(found), revision)))
  }

  #createSet(deployment: ApiObject, revision: number): ApiObject {
    const { registry } = this.#context
    const { namespace = '', name } = deployment.metadata
    const { template, selector, minReadySeconds } = deployment.spec
    let hash = hashOf(template)
    for (let tries = 1; registry.storage.get(REPLICA_SETS, namespace, `${name}-${hash}`); tries++) {
      hash = hashOf([template, tries])
    }
    const labels = { ...template.metadata?.labels, [HASH]: hash }
    const set = registry.create(REPLICA_SETS, namespace, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        annotations: { [REVISION]: String(revision) },
        ownerReferences: [ownerReference(deployment)],
      },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
        ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      },
    })
    this.#annotate(DEPLOYMENTS, deployment, String(revision))
    return set
  }

  #annotate(resource: typeof DEPLOYMENTS, object: ApiObject, revision: string): ApiObject {
    const { storage } = this.#context.registry
    const { namespace = '', name } = object.metadata
    const fresh = storage.get(resource, namespace, name) ?? object
    if (fresh.metadata.annotations?.[REVISION] === revision) return fresh
    const annotations = { ...fresh.metadata.annotations, [REVISION]: revision }
    const next = { ...fresh, metadata: { ...fresh.metadata, annotations } }
    return this.#context.registry.update(resource, namespace, name, next)
  }

  #roll(deployment: ApiObject, current: ApiObject): void {
    const old = this.#sets(deployment).filter((set) => set.metadata.uid !== current.metadata.uid)
    if (deployment.spec.strategy.type === 'Recreate') this.#recreate(deployment, current, old)
    else this.#rollingUpdate(deployment, current, old)
  }

  #recreate(deployment: ApiObject, current: ApiObject, old: ApiObject[]): void {
    for (const set of old) this.#scale(deployment, set, 0)
    const uids = old.map((set) => set.metadata.uid)
    const left = this.#context.registry.storage
      .list(PODS)
      .some(
        (pod) =>
          uids.includes(controllerOf(pod)?.uid) &&
          (isActive(pod) || pod.metadata.deletionTimestamp !== undefined),
      )
    if (!left) this.#scale(deployment, current, deployment.spec.replicas)
  }

  #rollingUpdate(deployment: ApiObject, current: ApiObject, old: ApiObject[]): void {
    const { replicas, strategy } = deployment.spec
    const surge = share(strategy.rollingUpdate?.maxSurge, replicas, true)
    let unavailable = share(strategy.rollingUpdate?.maxUnavailable, replicas, false)
    // Both zero would never move (apps/v1: resolved in favour of maxUnavailable).
    if (surge === 0 && unavailable === 0) unavailable = 1
    const total = sum([current, ...old], (set) => set.spec.replicas)
    const room = replicas + surge - total
    const wanted = Math.min(replicas, current.spec.replicas + Math.max(0, room))
    const grown = this.#scale(
      deployment,
      current,
      Math.max(wanted, Math.min(current.spec.replicas, replicas)),
    )
    this.#shrinkOld(deployment, grown, old, replicas - unavailable)
  }

  /** Takes from old sets what may go: Pods that serve nobody first, then as many as stay above the minimum. */
  #shrinkOld(deployment: ApiObject, current: ApiObject, old: ApiObject[], minimum: number): void {
    const total = sum([current, ...old], (set) => set.spec.replicas)
    const missing = current.spec.replicas - available(current)
    let may = total - minimum - missing
    const shrunk: ApiObject[] = []
    for (const set of old) {
      const unhealthy = Math.max(0, set.spec.replicas - available(set))
      const taken = Math.max(0, Math.min(unhealthy, may))
      may -= taken
      shrunk.push(this.#scale(deployment, set, set.spec.replicas - taken))
    }
    const ready = sum([current, ...shrunk], available)
    let spare = ready - minimum
    for (const set of shrunk) {
      const taken = Math.max(0, Math.min(set.spec.replicas, spare))
      spare -= taken
      if (taken > 0) this.#scale(deployment, set, set.spec.replicas - taken)
    }
  }

  /** A paused Deployment still follows its replicas, with the set that is largest. */
  #resize(deployment: ApiObject): void {
    const sets = this.#sets(deployment)
    const largest = [...sets].sort((a, b) => b.spec.replicas - a.spec.replicas)[0]
    if (largest === undefined) return
    const others = sum(sets, (set) => set.spec.replicas) - largest.spec.replicas
    this.#scale(deployment, largest, Math.max(0, deployment.spec.replicas - others))
  }

  #scale(deployment: ApiObject, set: ApiObject, replicas: number): ApiObject {
    if (set.spec.replicas === replicas) return set
    const { registry, events } = this.#context
    const { namespace = '', name } = set.metadata
    const direction = replicas > set.spec.replicas ? 'up' : 'down'
    const text = `Scaled ${direction} replica set ${name} from ${set.spec.replicas} to ${replicas}`
    events.normal(COMPONENT, deployment, 'ScalingReplicaSet', text)
    return registry.update(REPLICA_SETS, namespace, name, {
      ...set,
      spec: { ...set.spec, replicas },
    })
  }

  #forgetOld(deployment: ApiObject): void {
    const { registry } = this.#context
    const idle = this.#sets(deployment).filter(
      (set) =>
        set.spec.replicas === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        !sameTemplate(set, deployment),
    )
    const excess = idle.length - deployment.spec.revisionHistoryLimit
    const oldest = idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, excess))
    for (const { metadata } of oldest) {
      registry.remove(REPLICA_SETS, metadata.namespace ?? '', metadata.name)
    }
  }

  #writeStatus(deployment: ApiObject): void {
    const { registry, clock } = this.#context
    const { namespace = '', name } = deployment.metadata
    const fresh = registry.storage.get(DEPLOYMENTS, namespace, name)
    if (fresh === undefined) return
    const status = statusOf(fresh, this.#sets(fresh), timestamp(clock))
    if (equal(status, fresh.status)) return
    registry.update(DEPLOYMENTS, namespace, name, { ...fresh, status }, {}, 'status')
  }
}
