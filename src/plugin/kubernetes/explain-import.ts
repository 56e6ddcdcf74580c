import { nearest } from '../../corefile/nearest.ts'
import { type Explanation, type Fact, type Problem, some } from '../why.ts'
import type { Explaining } from './explain.ts'

/** A name of a clusterset zone: its ServiceImport, the slices of the clusters behind it, and what is missing. */
export function explainImport({ asked, finder }: Explaining): Explanation {
  const { store } = finder
  const { namespace, service, endpoint, cluster } = asked.parts
  const id = `${namespace}/${service}`
  const found = store.serviceImport(service, namespace)
  if (found === undefined) return { facts: [], problems: [missing()] }
  const slices = store.clusterSlices(service, namespace)
  const says = `${found.type}${found.ips.length > 0 ? ` ${found.ips.join(', ')}` : ''}`
  const facts: Fact[] = [
    { kind: 'ServiceImport', name: id, version: found.resourceVersion, says },
    ...slices.map((slice) => ({
      kind: 'EndpointSlice',
      name: `${slice.namespace}/${slice.name}`,
      version: slice.resourceVersion,
      says: `from cluster ${slice.sourceCluster || '(no label)'}: ${slice.endpoints.length} endpoints, ${slice.endpoints.filter(({ ready }) => ready).length} ready`,
    })),
  ]
  const problem = empty()
  return { facts, problems: problem === undefined ? [] : [problem] }

  function missing(): Problem {
    const near = nearest(
      service,
      [...store.serviceImports()]
        .filter((other) => other.namespace === namespace)
        .map(({ name }) => name),
    )
    const local = store.service(service, namespace) !== undefined
    return {
      code: 'no-such-import',
      reason: `There is no ServiceImport ${id}.${near.length === 0 ? '' : ` There is ${near.join(', ')}.`}${local ? ' There is a Service of this name in this cluster.' : ''}`,
      remedy: `Export it in the clusters that have it (a ServiceExport ${id}), and look at what makes ServiceImports of them.`,
    }
  }

  function empty(): Problem | undefined {
    const ready = slices.filter(({ endpoints }) => endpoints.some((one) => one.ready))
    if (endpoint !== '' && cluster !== '' && !ready.some((one) => one.sourceCluster === cluster)) {
      return {
        code: 'no-such-cluster',
        reason: `No cluster ${cluster} has ready endpoints for ServiceImport ${id}: ${some(ready.map((one) => one.sourceCluster)) || 'none has'}.`,
        remedy: `Look at the EndpointSlices of ${id} with the label multicluster.kubernetes.io/source-cluster.`,
      }
    }
    if (found?.headless === true ? ready.length > 0 : (found?.ips.length ?? 0) > 0) return undefined
    return {
      code: 'import-without-addresses',
      reason:
        found?.headless === true
          ? `ServiceImport ${id} is headless and no cluster has ready endpoints for it.`
          : `ServiceImport ${id} has no \`spec.ips\`.`,
      remedy: 'Look at what makes ServiceImports and their EndpointSlices in this cluster.',
    }
  }
}
