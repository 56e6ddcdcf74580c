import type { ApiObject, Json } from '../types.ts'

/** How far a Pod has come. */
export interface RunState {
  /** When its containers start (again), milliseconds since 1970. */
  startsAt: number
  runningSince?: number
  /** From running to ready, milliseconds. */
  readyDelayMs?: number
  stopsAt?: number
  /** RFC 3339, of the last crash. */
  crashedAt?: string
  addresses: string[]
  restarts: number
  /** The node's own address, once the Pod runs. */
  hostIp?: string
  /** The crash annotation that was acted on last. */
  crash: string | undefined
  failed: boolean
}

/** status of a Pod (core/v1 PodStatus) in this state; transition times stay where nothing changed. */
export function podStatus(pod: ApiObject, state: RunState, ready: boolean, now: string): Json {
  const running = state.runningSince !== undefined
  const old: Json = pod.status ?? {}
  const status: Json = {
    phase: state.failed ? 'Failed' : running || state.restarts > 0 ? 'Running' : 'Pending',
    conditions: [
      condition(old, 'PodReadyToStartContainers', running, now),
      condition(old, 'Initialized', true, now),
      condition(old, 'Ready', ready, now),
      condition(old, 'ContainersReady', ready, now),
      condition(old, 'PodScheduled', true, now),
    ],
    containerStatuses: (pod.spec.containers ?? []).map((container: Json) =>
      containerStatus(pod, container, state, ready, now),
    ),
    qosClass: 'BestEffort',
    startTime: old.startTime ?? now,
  }
  if (state.hostIp !== undefined) {
    status.hostIP = state.hostIp
    status.hostIPs = [{ ip: state.hostIp }]
  }
  if (state.addresses.length > 0) {
    status.podIP = state.addresses[0]
    status.podIPs = state.addresses.map((ip) => ({ ip }))
  }
  if (pod.metadata.generation !== undefined) status.observedGeneration = pod.metadata.generation
  return status
}

/** Whether a Pod's Ready condition holds. */
export function isReady(pod: ApiObject): boolean {
  return (pod.status?.conditions ?? []).some(
    (one: Json) => one.type === 'Ready' && one.status === 'True',
  )
}

/** Whether a Pod counts for its controller: it is not going and has not ended. */
export function isActive(pod: ApiObject): boolean {
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  return !ended && pod.metadata.deletionTimestamp === undefined
}

function condition(old: Json, type: string, holds: boolean, now: string): Json {
  const status = holds ? 'True' : 'False'
  const before = old.conditions?.find((one: Json) => one.type === type)
  if (before?.status === status) return before
  const next: Json = { type, status, lastTransitionTime: now }
  if (!holds && type.endsWith('Ready')) next.reason = 'ContainersNotReady'
  return next
}

function containerStatus(
  pod: ApiObject,
  container: Json,
  state: RunState,
  ready: boolean,
  now: string,
): Json {
  const old = pod.status?.containerStatuses?.find((one: Json) => one.name === container.name)
  const running = state.runningSince !== undefined && !state.failed
  const status: Json = {
    name: container.name,
    image: container.image,
    imageID: '',
    ready,
    started: running,
    restartCount: state.restarts,
    state: containerState(old, state, running, now),
    lastState: {},
  }
  if (state.crashedAt !== undefined) {
    const finishedAt = state.crashedAt
    status.lastState = { terminated: { exitCode: 1, reason: 'Error', finishedAt } }
  }
  return status
}

function containerState(old: Json, state: RunState, running: boolean, now: string): Json {
  if (state.failed) {
    return old?.state?.terminated
      ? old.state
      : { terminated: { exitCode: 1, reason: 'Error', finishedAt: now } }
  }
  if (running) {
    const before = old?.state?.running
    const same = before !== undefined && old.restartCount === state.restarts
    return { running: same ? before : { startedAt: now } }
  }
  return { waiting: { reason: state.restarts > 0 ? 'CrashLoopBackOff' : 'ContainerCreating' } }
}
