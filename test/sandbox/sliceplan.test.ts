import t from 'tap'
import { planOf } from '../../src/sandbox/controllers/sliceplan.ts'
import type { ApiObject, Json } from '../../src/sandbox/types.ts'
/**
 * What the reconciler of k8s.io/endpointslice v0.35.4 did to slices, run over a fake client: `slices` are name, ports and Pods (as
 * ranges of numbers), `pods` the wanted ones by their ports, `actions` verb, name, ports and size.
 */
import plans from './fixtures/slice-plans.json' with { type: 'json' }

const PORTS: Record<string, Json[]> = {
  '': [],
  a: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  b: [{ name: 'http', port: 9090, protocol: 'TCP' }],
}

t.test('slices are created, changed and removed as the real controller does it', (t) => {
  for (const { slices, pods, actions } of plans as Json[]) {
    const existing = slices.map(([name, ports, ranges]: Json) => sliceOf(name, ports, ranges))
    const groups = Object.entries(pods).map(([ports, ranges]) => groupOf(ports, ranges as Json))
    if (groups.length === 0) groups.push(groupOf('', []))
    const plan = planOf(
      existing,
      groups,
      () => true,
      () => true,
    )
    const done = [
      ...plan.create.map((one) => ['create', '', nameOf(one.ports), one.endpoints.length]),
      ...plan.update.map(({ slice, content }) => [
        'update',
        slice.metadata.name,
        nameOf(content.ports),
        content.endpoints.length,
      ]),
      ...plan.remove.map((slice) => ['delete', slice.metadata.name]),
    ]
    t.same(texts(done), texts(actions), `${JSON.stringify(slices)} to ${JSON.stringify(pods)}`)
  }
  t.end()
})

t.test('slices with other labels are written anew, slices of another owner removed', (t) => {
  const old = sliceOf('old', 'a', [[0, 3]])
  const group = groupOf('a', [[0, 3]])
  const relabelled = planOf(
    [old],
    [group],
    () => false,
    () => true,
  )
  t.same(
    relabelled.update.map(({ slice }) => slice),
    [old],
  )
  const foreign = planOf(
    [old],
    [group],
    () => true,
    () => false,
  )
  t.same([foreign.create.length, foreign.update.length, foreign.remove], [1, 0, [old]])
  t.end()
})

function sliceOf(name: string, ports: string, ranges: Json): ApiObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name },
    addressType: 'IPv4',
    ports: PORTS[ports],
    endpoints: endpointsOf(ranges),
  }
}

function groupOf(ports: string, ranges: Json) {
  return {
    addressType: 'IPv4' as const,
    ports: PORTS[ports] ?? [],
    endpoints: endpointsOf(ranges),
  }
}

function endpointsOf(ranges: [number, number][]): Json[] {
  return ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, i) => ({
      addresses: [`10.${(from + i) >> 16}.${((from + i) >> 8) & 255}.${(from + i) & 255}`],
      targetRef: { kind: 'Pod', namespace: 'default', name: `p${from + i}` },
    })),
  )
}

function nameOf(ports: Json[]): string {
  return Object.keys(PORTS).find((key) => PORTS[key]?.[0]?.port === ports[0]?.port) ?? '?'
}

function texts(actions: Json[]): string[] {
  return actions.map((one) => JSON.stringify(one)).sort()
}
