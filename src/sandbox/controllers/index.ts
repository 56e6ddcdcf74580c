import type { Clock } from '../clock.ts'
import type { Registry } from '../registry.ts'
import { DEFAULT_GRACE_SECONDS } from '../rules/pod.ts'
import type { Change } from '../storage.ts'
import type { ApiObject } from '../types.ts'
import {
  type Controller,
  type ControllerContext,
  keyOf,
  NAMESPACES,
  SERVICE_ACCOUNTS,
} from './context.ts'
import { DeploymentController } from './deployment.ts'
import { EventRecorder } from './events.ts'
import { GarbageCollector } from './garbage.ts'
import { MirrorController } from './mirror.ts'
import { createNodes } from './nodes.ts'
import { PodRunner, type PodTimes } from './pods.ts'
import { WorkQueue } from './queue.ts'
import { ReplicaSetController } from './replicaset.ts'
import { ServiceController } from './service.ts'
import { StatefulSetController } from './statefulset.ts'

export interface ControllerOptions {
  /** Where Pod addresses come from, the primary family first. */
  podCidrs?: string[]
  /** Names of the nodes to begin with. */
  nodes?: string[]
  /** Read each time a Pod needs one: it may be changed while the cluster runs. */
  times?: Partial<PodTimes>
}

export const DEFAULT_POD_CIDRS = ['10.244.0.0/16', 'fd00:10:244::/56']
export const DEFAULT_NODES = ['node-a', 'node-b', 'node-c']

/** Brings a cluster alive; the result stops everything again. */
export function startControllers(
  registry: Registry,
  clock: Clock,
  random: () => number,
  options: ControllerOptions,
  onError: (error: unknown) => void,
): () => void {
  const events = new EventRecorder(registry, clock)
  const context: ControllerContext = { registry, clock, random, events, onError }
  registry.hooks = { collectsGarbage: true, podGraceSeconds: graceOf }
  const controllers: Controller[] = [
    new ServiceAccounts(context),
    new GarbageCollector(context),
    new PodRunner(context, options.times ?? {}),
    new ReplicaSetController(context),
    new DeploymentController(context),
    new StatefulSetController(context),
    new ServiceController(context),
    new MirrorController(context),
  ]
  const unsubscribe = registry.storage.subscribe((change) => {
    for (const controller of controllers) controller.changed(change)
  })
  createNodes(context, options.nodes ?? DEFAULT_NODES, options.podCidrs ?? DEFAULT_POD_CIDRS)
  return () => {
    unsubscribe()
    registry.hooks = {}
    for (const controller of controllers) controller.stop()
  }
}

/** What the API server and the kubelet agree on: a Pod that never got a node, or has ended, has nothing to stop. */
function graceOf(pod: ApiObject, asked: number | undefined): number {
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  if (!pod.spec.nodeName || ended) return 0
  return asked ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
}

/** Every namespace has a ServiceAccount `default`. */
class ServiceAccounts implements Controller {
  readonly #queue: WorkQueue

  constructor(context: ControllerContext) {
    const { registry } = context
    const work = (key: string) => {
      const namespace = registry.storage.get(NAMESPACES, '', key.slice(1))
      if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return
      const { name } = namespace.metadata
      if (registry.storage.get(SERVICE_ACCOUNTS, name, 'default') !== undefined) return
      const metadata = { name: 'default', namespace: name }
      registry.create(SERVICE_ACCOUNTS, name, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata,
      })
    }
    this.#queue = new WorkQueue(context.clock, work, context.onError)
    for (const one of registry.storage.list(NAMESPACES)) this.#queue.add(keyOf(one))
  }

  changed(change: Change): void {
    if (change.resource === NAMESPACES) this.#queue.add(change.key)
  }

  stop(): void {
    this.#queue.stop()
  }
}
