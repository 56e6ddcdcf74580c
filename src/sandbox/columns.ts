import type { Clock } from './clock.ts'
import { selectorText } from './selectors.ts'
import type { ApiObject, Json } from './types.ts'

/** One column of a kind's table; priority 1 shows with `-o wide`. */
export interface Column {
  name: string
  type?: 'string' | 'integer'
  format?: string
  priority?: number
  cell: (object: ApiObject, clock: Clock) => Json
}

/** The columns that kubectl users know from a cluster (pkg/printers/internalversion). */
export function columnsOf(kind: string): Column[] {
  return BY_KIND[kind] ?? [NAME, AGE]
}

const NAME: Column = { name: 'Name', format: 'name', cell: (object) => object.metadata.name }
const AGE: Column = {
  name: 'Age',
  cell: (object, clock) => age(object.metadata.creationTimestamp, clock),
}

function column(name: string, cell: Column['cell'], priority = 0): Column {
  return { name, cell, priority }
}

function count(name: string, cell: (object: ApiObject) => Json): Column {
  return { name, type: 'integer', cell: (object) => cell(object) ?? 0 }
}

const CONTAINERS = column(
  'Containers',
  (one) =>
    containers(one)
      .map((c) => c.name)
      .join(','),
  1,
)
const IMAGES = column(
  'Images',
  (one) =>
    containers(one)
      .map((c) => c.image)
      .join(','),
  1,
)
const SELECTOR = column('Selector', (one) => selectorText(one.spec?.selector) || '<none>', 1)

const BY_KIND: Record<string, Column[]> = {
  Namespace: [NAME, column('Status', (one) => one.status?.phase ?? 'Active'), AGE],
  Service: [
    NAME,
    column('Type', (one) => one.spec?.type ?? 'ClusterIP'),
    column('Cluster-IP', (one) => one.spec?.clusterIP || '<none>'),
    column('External-IP', externalIp),
    column('Port(s)', servicePorts),
    AGE,
    column('Selector', (one) => mapText(one.spec?.selector), 1),
  ],
  Endpoints: [NAME, column('Endpoints', endpointsText), AGE],
  EndpointSlice: [
    NAME,
    column('AddressType', (one) => one.addressType),
    column('Ports', (one) => shortened((one.ports ?? []).map((port: Json) => port.port ?? '*'))),
    column('Endpoints', (one) =>
      shortened((one.endpoints ?? []).flatMap((endpoint: Json) => endpoint.addresses ?? [])),
    ),
    AGE,
  ],
  Pod: [
    NAME,
    column('Ready', readyContainers),
    column('Status', podStatus),
    column('Restarts', podRestarts),
    AGE,
    column('IP', (one) => one.status?.podIP || '<none>', 1),
    column('Node', (one) => one.spec?.nodeName || '<none>', 1),
    column('Nominated Node', (one) => one.status?.nominatedNodeName || '<none>', 1),
    column('Readiness Gates', () => '<none>', 1),
  ],
  Node: [
    NAME,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    AGE,
    column('Version', (one) => one.status?.nodeInfo?.kubeletVersion ?? ''),
    column('Internal-IP', (one) => nodeAddress(one, 'InternalIP'), 1),
    column('External-IP', (one) => nodeAddress(one, 'ExternalIP'), 1),
  ],
  ConfigMap: [
    NAME,
    count('Data', (one) => Object.keys({ ...one.data, ...one.binaryData }).length),
    AGE,
  ],
  ServiceAccount: [NAME, count('Secrets', (one) => one.secrets?.length), AGE],
  Event: [
    column('Last Seen', (one, clock) =>
      age(one.lastTimestamp ?? one.eventTime ?? one.metadata.creationTimestamp, clock),
    ),
    column('Type', (one) => one.type ?? ''),
    column('Reason', (one) => one.reason ?? ''),
    column(
      'Object',
      (one) =>
        `${String(one.involvedObject?.kind ?? '').toLowerCase()}/${one.involvedObject?.name ?? ''}`,
    ),
    column('Subobject', (one) => one.involvedObject?.fieldPath ?? '', 1),
    column('Source', (one) => one.source?.component ?? one.reportingComponent ?? '', 1),
    column('Message', (one) => String(one.message ?? '').trim()),
    column('First Seen', (one, clock) => age(one.firstTimestamp ?? one.eventTime, clock), 1),
    { ...count('Count', (one) => one.count ?? 1), priority: 1 },
    { ...NAME, priority: 1 },
  ],
  Deployment: [
    NAME,
    column('Ready', (one) => `${one.status?.readyReplicas ?? 0}/${one.spec?.replicas ?? 0}`),
    count('Up-to-date', (one) => one.status?.updatedReplicas),
    count('Available', (one) => one.status?.availableReplicas),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  ReplicaSet: [
    NAME,
    count('Desired', (one) => one.spec?.replicas),
    count('Current', (one) => one.status?.replicas),
    count('Ready', (one) => one.status?.readyReplicas),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  StatefulSet: [
    NAME,
    column('Ready', (one) => `${one.status?.readyReplicas ?? 0}/${one.spec?.replicas ?? 0}`),
    AGE,
    CONTAINERS,
    IMAGES,
  ],
  ControllerRevision: [
    NAME,
    column('Controller', (one) => controllerText(one)),
    count('Revision', (one) => one.revision),
    AGE,
  ],
  ServiceImport: [
    NAME,
    column('Type', (one) => one.spec?.type ?? ''),
    column('IP', (one) => (one.spec?.ips ?? []).join(',')),
    AGE,
  ],
}

/** A duration as kubectl prints ages: `12s`, `3m40s`, `5h`, `2d3h` (apimachinery's HumanDuration). */
export function age(since: string | undefined, clock: Clock): string {
  if (since === undefined || since === null) return '<unknown>'
  const seconds = Math.max(0, Math.floor((clock.now() - Date.parse(since)) / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (hours < 3) return `${minutes}m`
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return pair(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return pair(Math.floor(days / 365), 'y', days % 365, 'd')
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`
}

function containers(object: ApiObject): Json[] {
  return object.spec?.template?.spec?.containers ?? []
}

function mapText(map: Record<string, string> | undefined): string {
  const pairs = Object.entries(map ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

function shortened(values: Json[]): string {
  if (values.length === 0) return '<unset>'
  const shown = values.slice(0, 3).join(',')
  return values.length > 3 ? `${shown} + ${values.length - 3} more...` : shown
}

function externalIp(service: ApiObject): string {
  const { spec, status } = service
  if (spec?.type === 'ExternalName') return spec.externalName
  const balanced: Json[] = status?.loadBalancer?.ingress ?? []
  const addresses = balanced.map((one) => one.ip ?? one.hostname)
  const all = [...addresses, ...(spec?.externalIPs ?? [])]
  if (all.length > 0) return all.join(',')
  return spec?.type === 'LoadBalancer' ? '<pending>' : '<none>'
}

function servicePorts(service: ApiObject): string {
  const ports: Json[] = service.spec?.ports ?? []
  if (ports.length === 0) return '<none>'
  return ports
    .map((port) => `${port.port}${port.nodePort ? `:${port.nodePort}` : ''}/${port.protocol}`)
    .join(',')
}

function endpointsText(endpoints: ApiObject): string {
  const all = ((endpoints.subsets ?? []) as Json[]).flatMap((subset) =>
    (subset.addresses ?? []).flatMap((address: Json) =>
      subset.ports?.length
        ? subset.ports.map((port: Json) => `${address.ip}:${port.port}`)
        : [address.ip],
    ),
  )
  return all.length === 0 ? '<none>' : shortened(all)
}

function readyContainers(pod: ApiObject): string {
  const statuses: Json[] = pod.status?.containerStatuses ?? []
  const total = pod.spec?.containers?.length ?? statuses.length
  const conditionReady = pod.status?.conditions?.some(
    (one: Json) => one.type === 'Ready' && one.status === 'True',
  )
  const ready =
    statuses.length > 0 ? statuses.filter((one) => one.ready).length : conditionReady ? total : 0
  return `${ready}/${total}`
}

function podStatus(pod: ApiObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating'
  for (const one of pod.status?.containerStatuses ?? []) {
    if (one.state?.waiting?.reason) return one.state.waiting.reason
    if (one.state?.terminated?.reason) return one.state.terminated.reason
  }
  return pod.status?.reason ?? pod.status?.phase ?? 'Unknown'
}

function podRestarts(pod: ApiObject, clock: Clock): string {
  const statuses: Json[] = pod.status?.containerStatuses ?? []
  const total = statuses.reduce((sum, one) => sum + (one.restartCount ?? 0), 0)
  const last = statuses
    .map((one) => one.lastState?.terminated?.finishedAt)
    .filter((one) => one !== undefined)
    .sort()
    .at(-1)
  return total > 0 && last !== undefined ? `${total} (${age(last, clock)} ago)` : String(total)
}

function nodeStatus(node: ApiObject): string {
  const ready = node.status?.conditions?.find((one: Json) => one.type === 'Ready')
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec?.unschedulable ? `${word},SchedulingDisabled` : word
}

function nodeRoles(node: ApiObject): string {
  const prefix = 'node-role.kubernetes.io/'
  const roles = Object.keys(node.metadata.labels ?? {}).filter((key) => key.startsWith(prefix))
  return roles.length === 0 ? '<none>' : roles.map((key) => key.slice(prefix.length)).join(',')
}

function nodeAddress(node: ApiObject, type: string): string {
  return node.status?.addresses?.find((one: Json) => one.type === type)?.address ?? '<none>'
}

function controllerText(object: ApiObject): string {
  const owner = object.metadata.ownerReferences?.find((one) => one.controller === true)
  if (owner === undefined) return '<none>'
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}
