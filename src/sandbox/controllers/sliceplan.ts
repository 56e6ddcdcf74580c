/**
 * Which slices hold which endpoints: the rules of Kubernetes' EndpointSlice controller (KEP-752 and "Distribution of
 * EndpointSlices" in its documentation), whose aim is few changed slices, not full ones.
 */
import { equal } from '../patch.ts'
import type { ApiObject, Json } from '../types.ts'
import type { EndpointGroup } from './endpoints.ts'

/** How many endpoints the controller puts in one slice (kube-controller-manager's --max-endpoints-per-slice). */
export const MAX_ENDPOINTS_PER_SLICE = 100

export interface Content {
  ports: Json[]
  endpoints: Json[]
}

export interface SlicePlan {
  create: Content[]
  update: { slice: ApiObject; content: Content }[]
  remove: ApiObject[]
}

/**
 * What to do to the slices of one family so that they hold the groups of that family.
 *
 * 1. An endpoint that stays keeps its slice and its place.
 * 2. New endpoints fill slices that change anyway, the fullest first.
 * 3. What is left then goes into one unchanged slice that has room for all of it, or into new slices.
 * 4. A slice that would be removed is given the content of one that would be created.
 *
 * With no endpoint at all, one slice without endpoints and ports stays (or is made).
 */
export function planOf(
  slices: ApiObject[],
  groups: EndpointGroup[],
  labelled: (slice: ApiObject) => boolean,
  owned: (slice: ApiObject) => boolean,
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] }
  const mine = slices.filter(owned)
  plan.remove.push(...slices.filter((slice) => !owned(slice)))
  const byPorts = Map.groupBy(mine, (slice) => portsKey(slice.ports ?? []))
  for (const group of groups.filter(({ endpoints }) => endpoints.length > 0)) {
    const key = portsKey(group.ports)
    fillGroup(plan, byPorts.get(key) ?? [], group, labelled)
    byPorts.delete(key)
  }
  plan.remove.push(...[...byPorts.values()].flat())
  if (plan.create.length === 0 && plan.remove.length === slices.length) {
    keepPlaceholder(plan, labelled, owned)
  }
  reuse(plan, owned)
  return plan
}

function fillGroup(
  plan: SlicePlan,
  slices: ApiObject[],
  { ports, endpoints }: EndpointGroup,
  labelled: (slice: ApiObject) => boolean,
): void {
  const wanted = new Map(endpoints.map((one) => [identity(one), one]))
  const changed: { slice: ApiObject; content: Content }[] = []
  const unchanged: ApiObject[] = []
  for (const slice of slices) {
    const kept = keep(slice, wanted)
    if (equal(kept, slice.endpoints ?? []) && labelled(slice)) unchanged.push(slice)
    else if (kept.length === 0) plan.remove.push(slice)
    else changed.push({ slice, content: { ports, endpoints: kept } })
  }
  const added = [...wanted.values()]
  const fullest = changed.toSorted(
    (a, b) => b.content.endpoints.length - a.content.endpoints.length,
  )
  for (const { content } of fullest) move(added, content.endpoints)
  const roomy = added.length === 0 ? undefined : closestFit(unchanged, added.length)
  if (roomy !== undefined) {
    const content = { ports, endpoints: [...(roomy.endpoints ?? []), ...added.splice(0)] }
    changed.push({ slice: roomy, content })
  }
  while (added.length > 0) {
    const content: Content = { ports, endpoints: [] }
    move(added, content.endpoints)
    plan.create.push(content)
  }
  plan.update.push(...changed)
}

/** The endpoints that stay in a slice, as they are now, in its order; what is found is taken out of `wanted`. */
function keep(slice: ApiObject, wanted: Map<string, Json>): Json[] {
  const kept: Json[] = []
  for (const endpoint of slice.endpoints ?? []) {
    const key = identity(endpoint)
    const now = wanted.get(key)
    if (now === undefined) continue
    wanted.delete(key)
    kept.push(now)
  }
  return kept
}

function move(from: Json[], to: Json[]): void {
  to.push(...from.splice(0, Math.max(0, MAX_ENDPOINTS_PER_SLICE - to.length)))
}

/** The slice that comes closest to full when it takes so many more. */
function closestFit(slices: ApiObject[], count: number): ApiObject | undefined {
  if (count >= MAX_ENDPOINTS_PER_SLICE) return undefined
  const left = (slice: ApiObject) => MAX_ENDPOINTS_PER_SLICE - slice.endpoints.length - count
  const fitting = slices.filter((slice) => left(slice) >= 0)
  return fitting.toSorted((a, b) => left(a) - left(b))[0]
}

function keepPlaceholder(
  plan: SlicePlan,
  labelled: (slice: ApiObject) => boolean,
  owned: (slice: ApiObject) => boolean,
): void {
  const [only] = plan.remove
  const isPlaceholder =
    plan.remove.length === 1 &&
    only !== undefined &&
    owned(only) &&
    labelled(only) &&
    only.endpoints.length === 0 &&
    (only.ports ?? []).length === 0
  if (isPlaceholder) plan.remove.length = 0
  else plan.create.push({ ports: [], endpoints: [] })
}

function reuse(plan: SlicePlan, owned: (slice: ApiObject) => boolean): void {
  for (const slice of plan.remove.filter(owned)) {
    const content = plan.create.pop()
    if (content === undefined) return
    plan.update.push({ slice, content })
    plan.remove.splice(plan.remove.indexOf(slice), 1)
  }
}

/** An endpoint is the same as long as its addresses, hostname and target's name are: a Pod made anew changes in place. */
function identity({ addresses, hostname, targetRef }: Json): string {
  return JSON.stringify([
    [...addresses].sort(),
    hostname ?? '',
    targetRef?.namespace ?? '',
    targetRef?.name ?? '',
  ])
}

function portsKey(ports: Json[]): string {
  const texts = ports.map(({ name, port, protocol, appProtocol }) =>
    JSON.stringify([name ?? '', port ?? 0, protocol ?? '', appProtocol ?? '']),
  )
  return texts.sort().join()
}
