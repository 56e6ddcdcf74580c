import ipaddr from 'ipaddr.js'
import { timestamp } from '../clock.ts'
import { familyOf, readRange, writeAddress } from '../rules/allocations.ts'
import type { ApiObject, Json } from '../types.ts'
import { ANNOTATIONS, annotation } from './annotations.ts'
import { type ControllerContext, DEPLOYMENTS, NODES, PODS, STATEFUL_SETS } from './context.ts'

/** Of a Pod range, each node gets a part of this many bits' width (as kubeadm and k3s do). */
export const NODE_BITS = { IPv4: 24, IPv6: 64 }

/** Creates the nodes that the cluster starts with, each in a zone of its own and with its part of the Pod ranges. */
export function createNodes(context: ControllerContext, names: string[], podCidrs: string[]): void {
  names.forEach((name, index) => {
    if (context.registry.storage.get(NODES, '', name) !== undefined) return
    const ranges = podCidrs.map((cidr) => nodeRange(cidr, index))
    context.registry.create(NODES, '', nodeObject(context, name, index, ranges), {
      keepStatus: true,
    })
  })
}

/** What a node says it has. Nothing runs, so nothing is used up. */
const RESOURCES = { cpu: '8', memory: '16Gi', 'ephemeral-storage': '100Gi', pods: '110' }

/** The next free addresses for a Pod on its node, one of each family that the node has; empty where a range is full. */
export function podAddresses(
  context: ControllerContext,
  pod: ApiObject,
  node: ApiObject,
): string[] {
  const taken = takenAddresses(context)
  const pinned = pinnedLists(pod)
    .map((list) => pinnedAddress(pod, list, taken))
    .filter((one) => one !== '')
  const ranges: string[] = node.spec?.podCIDRs ?? []
  const rest = ranges.filter((cidr) => !pinned.some((one) => familyOf(one) === familyOf(cidr)))
  for (const address of promisedAddresses(context)) taken.add(address)
  const free = rest.map((cidr) => nextAddress(context, cidr, taken))
  return [...pinned, ...free].filter((one) => one !== '')
}

/** The addresses that a Pod or a workload's template pins, a list for each family. */
function pinnedLists(object: ApiObject): string[][] {
  return (annotation(object, ANNOTATIONS.addresses) ?? '').split(';').map((list) =>
    list
      .split(',')
      .map((one) => one.trim())
      .filter(ipaddr.isValid),
  )
}

/** What workloads pin for Pods that may not be there yet: nobody else is given it. */
function promisedAddresses({ registry }: ControllerContext): string[] {
  return [DEPLOYMENTS, STATEFUL_SETS]
    .flatMap((resource) => registry.storage.list(resource))
    .flatMap((workload) => pinnedLists({ metadata: {}, ...workload.spec.template }).flat())
}

function pinnedAddress(pod: ApiObject, list: string[], taken: Set<string>): string {
  const ordinal = pod.metadata.labels?.['apps.kubernetes.io/pod-index']
  if (ordinal !== undefined) {
    const own = list[Number(ordinal)] ?? ''
    return taken.has(own) ? '' : own
  }
  return list.find((one) => !taken.has(one)) ?? ''
}

function takenAddresses(context: ControllerContext): Set<string> {
  const taken = new Set<string>()
  for (const pod of context.registry.storage.list(PODS)) {
    if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') continue
    for (const { ip } of pod.status?.podIPs ?? []) taken.add(ip)
  }
  return taken
}

/** A freed address is not handed out again before the others: names that follow a Pod are seen to change. */
const lastGiven = new WeakMap<ControllerContext, Map<string, bigint>>()

function nextAddress(context: ControllerContext, cidr: string, taken: Set<string>): string {
  const given = lastGiven.get(context) ?? new Map<string, bigint>()
  lastGiven.set(context, given)
  const range = readRange(cidr)
  const from = given.get(cidr) ?? 0n
  const usable = range.size - 3n
  for (let step = 0n; step < usable && step <= BigInt(taken.size); step++) {
    const offset = (from + step) % usable
    // The first address names the range, the second is the node's own.
    const address = writeAddress(range.family, range.first + 2n + offset)
    if (taken.has(address)) continue
    given.set(cidr, offset + 1n)
    return address
  }
  return ''
}

function nodeRange(cidr: string, index: number): string {
  const range = readRange(cidr)
  const bits = NODE_BITS[range.family]
  const step = 1n << BigInt((range.family === 'IPv4' ? 32 : 128) - bits)
  if (BigInt(index + 1) * step > range.size) {
    throw new RangeError(`Pod range ${cidr} has no /${bits} for node ${index + 1}`)
  }
  return `${writeAddress(range.family, range.first + BigInt(index) * step)}/${bits}`
}

function nodeObject(
  context: ControllerContext,
  name: string,
  index: number,
  podCIDRs: string[],
): ApiObject {
  const zone = `zone-${String.fromCharCode(97 + (index % 26))}`
  const now = timestamp(context.clock)
  const condition: Json = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'embedded cluster: the node is simulated',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: {
      addresses: [
        { type: 'InternalIP', address: `172.18.0.${index + 2}` },
        { type: 'Hostname', address: name },
      ],
      capacity: RESOURCES,
      allocatable: RESOURCES,
      conditions: [condition],
      nodeInfo: { kubeletVersion: 'muster', operatingSystem: 'linux' },
    },
  }
}
