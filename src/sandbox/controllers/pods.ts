import { timestamp } from '../clock.ts'
import type { Change } from '../storage.ts'
import type { ApiObject, Json } from '../types.ts'
import { ANNOTATIONS, annotation, durationOf } from './annotations.ts'
import { type Controller, type ControllerContext, keyOf, NODES, PODS, splitKey } from './context.ts'
import { podAddresses } from './nodes.ts'
import { podStatus, type RunState } from './podstatus.ts'
import { WorkQueue } from './queue.ts'

/** How long Pods take where no annotation says otherwise, in milliseconds. */
export interface PodTimes {
  startMs: number
  readyMs: number
  stopMs: number
}

/** Long enough to be seen in `kubectl get -w`, short enough not to be waited for. */
export const DEFAULT_TIMES: PodTimes = { startMs: 300, readyMs: 200, stopMs: 500 }

/**
 * Scheduler and kubelet in one: gives Pods a node and an address, runs them, makes them ready, crashes and stops them.
 * Nothing is executed: a Pod runs because its status says so.
 */
export class PodRunner implements Controller {
  readonly #context: ControllerContext
  readonly #times: Partial<PodTimes>
  readonly #queue: WorkQueue
  readonly #states = new Map<string, RunState>()
  #nextNode = 0

  constructor(context: ControllerContext, times: Partial<PodTimes>) {
    this.#context = context
    this.#times = times
    this.#queue = new WorkQueue(context.clock, (key) => this.#sync(key), context.onError)
    for (const pod of context.registry.storage.list(PODS)) this.#queue.add(keyOf(pod))
  }

  changed(change: Change): void {
    if (change.resource === PODS) {
      if (change.type === 'DELETED') this.#states.delete(change.object.metadata.uid ?? '')
      else this.#queue.add(change.key)
    } else if (change.resource === NODES && change.type === 'ADDED') {
      for (const pod of this.#context.registry.storage.list(PODS)) this.#queue.add(keyOf(pod))
    }
  }

  stop(): void {
    this.#queue.stop()
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key)
    const pod = this.#context.registry.storage.get(PODS, namespace, name)
    if (pod === undefined) return
    if (pod.metadata.deletionTimestamp !== undefined) this.#terminate(key, pod)
    else if (annotation(pod, ANNOTATIONS.delete) !== undefined) this.#delete(pod)
    else if (['Failed', 'Succeeded'].includes(pod.status?.phase)) return
    else if (!pod.spec.nodeName) this.#schedule(pod)
    else this.#run(key, pod)
  }

  #delete(pod: ApiObject): void {
    this.#context.registry.remove(PODS, pod.metadata.namespace ?? '', pod.metadata.name)
  }

  #schedule(pod: ApiObject): void {
    const { registry, events } = this.#context
    const wanted = Object.entries((pod.spec.nodeSelector ?? {}) as Record<string, string>)
    const nodes = registry.storage
      .list(NODES)
      .filter((node) => node.spec?.unschedulable !== true)
      .filter((node) => wanted.every(([key, value]) => node.metadata.labels?.[key] === value))
    const node = nodes[this.#nextNode++ % Math.max(1, nodes.length)]
    if (node === undefined) {
      const text = 'no nodes are available that match the Pod and are schedulable'
      events.warning('default-scheduler', pod, 'FailedScheduling', text)
      return
    }
    const { name } = node.metadata
    const spec = { ...pod.spec, nodeName: name }
    const { namespace = '' } = pod.metadata
    const text = `Successfully assigned ${namespace}/${pod.metadata.name} to ${name}`
    events.normal('default-scheduler', pod, 'Scheduled', text)
    registry.update(PODS, namespace, pod.metadata.name, { ...pod, spec })
  }

  #run(key: string, pod: ApiObject): void {
    const state = this.#state(pod)
    const now = this.#context.clock.now()
    this.#noticeCrash(pod, state, now)
    if (annotation(pod, ANNOTATIONS.fail) !== undefined) state.failed = true
    if (now >= state.startsAt && state.runningSince === undefined && !state.failed) {
      if (!this.#start(pod, state)) {
        this.#queue.addAfter(key, 1_000)
        return
      }
    }
    const ready = this.#ready(pod, state, now)
    this.#write(pod, podStatus(pod, state, ready, timestamp(this.#context.clock)))
    const next = state.runningSince === undefined ? state.startsAt : readyAt(state)
    if (next > now && !state.failed) this.#queue.addAfter(key, next - now)
  }

  #state(pod: ApiObject): RunState {
    const uid = pod.metadata.uid ?? ''
    let state = this.#states.get(uid)
    if (state !== undefined) return state
    const now = this.#context.clock.now()
    const delay = durationOf(pod, ANNOTATIONS.startDelay) ?? this.#ms('startMs')
    const crash = annotation(pod, ANNOTATIONS.crash)
    state = { startsAt: now + delay, addresses: [], restarts: 0, crash, failed: false }
    // A Pod that ran before this process did (or that was written as running) goes on.
    if (pod.status?.phase === 'Running') {
      state.runningSince = now - 86_400_000
      state.addresses = (pod.status.podIPs ?? []).map((one: Json) => one.ip)
      state.restarts = pod.status.containerStatuses?.[0]?.restartCount ?? 0
      if (pod.status.hostIP) state.hostIp = pod.status.hostIP
    }
    this.#states.set(uid, state)
    return state
  }

  #noticeCrash(pod: ApiObject, state: RunState, now: number): void {
    const crash = annotation(pod, ANNOTATIONS.crash)
    if (crash === undefined || crash === state.crash || state.runningSince === undefined) return
    state.crash = crash
    state.restarts++
    state.crashedAt = timestamp(this.#context.clock)
    delete state.runningSince
    state.startsAt = now + (durationOf(pod, ANNOTATIONS.startDelay) ?? this.#ms('startMs'))
    const text = `Back-off restarting failed container main in pod ${pod.metadata.name}`
    this.#context.events.warning('kubelet', pod, 'BackOff', text)
  }

  #start(pod: ApiObject, state: RunState): boolean {
    const { registry, clock, events } = this.#context
    const node = registry.storage.get(NODES, '', pod.spec.nodeName)
    if (node === undefined) return false
    const internal = node.status?.addresses?.find((one: Json) => one.type === 'InternalIP')
    if (internal !== undefined) state.hostIp = internal.address
    if (state.addresses.length === 0) {
      state.addresses =
        pod.spec.hostNetwork === true && internal !== undefined
          ? [internal.address]
          : podAddresses(this.#context, pod, node)
    }
    if (state.addresses.length === 0) {
      const text = `no free Pod address on node ${pod.spec.nodeName}`
      events.warning('kubelet', pod, 'FailedCreatePodSandBox', text)
      return false
    }
    state.runningSince = clock.now()
    state.readyDelayMs = this.#readyDelay(pod)
    events.normal('kubelet', pod, 'Started', 'Started container')
    return true
  }

  /** How long the Pod that starts now takes to become ready. */
  #readyDelay(pod: ApiObject): number {
    const probe = pod.spec.containers?.[0]?.readinessProbe?.initialDelaySeconds
    const written = durationOf(pod, ANNOTATIONS.readyDelay)
    return written ?? (probe === undefined ? this.#ms('readyMs') : probe * 1_000)
  }

  #ready(pod: ApiObject, state: RunState, now: number): boolean {
    if (state.runningSince === undefined || state.failed) return false
    return annotation(pod, ANNOTATIONS.ready) !== 'false' && readyAt(state) <= now
  }

  #terminate(key: string, pod: ApiObject): void {
    const { clock, registry } = this.#context
    const state = this.#state(pod)
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000
    state.stopsAt ??=
      clock.now() + Math.min(graceMs, durationOf(pod, ANNOTATIONS.stopDelay) ?? this.#ms('stopMs'))
    if (clock.now() < state.stopsAt) {
      // Readiness goes on being what it is told to be while a Pod stops.
      const ready = this.#ready(pod, state, clock.now())
      if (state.runningSince !== undefined) {
        this.#write(pod, podStatus(pod, state, ready, timestamp(clock)))
      }
      this.#queue.addAfter(key, state.stopsAt - clock.now())
      return
    }
    const { namespace = '', name } = pod.metadata
    registry.remove(PODS, namespace, name, { gracePeriodSeconds: 0 })
  }

  #ms(time: keyof PodTimes): number {
    return this.#times[time] ?? DEFAULT_TIMES[time]
  }

  #write(pod: ApiObject, status: Json): void {
    const { namespace = '', name } = pod.metadata
    this.#context.registry.update(PODS, namespace, name, { ...pod, status }, {}, 'status')
  }
}

function readyAt({ runningSince = 0, readyDelayMs = 0 }: RunState): number {
  return runningSince + readyDelayMs
}
