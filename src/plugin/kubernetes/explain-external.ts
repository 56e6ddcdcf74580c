import { nearest } from '../../corefile/nearest.ts'
import type { ServiceRecord } from '../../kube/store.ts'
import { type Explanation, type Fact, type Problem, some } from '../why.ts'
import type { Config } from './config.ts'
import type { ExternalName } from './external.ts'
import type { Finder } from './finder.ts'

/** What stands behind a name of k8s_external's zones, and what is missing there. */
export function explainExternal(
  name: ExternalName,
  finder: Finder,
  config: Config,
  headless: boolean,
): Explanation {
  const { store } = finder
  const { namespace, service } = name
  if (config.namespaces.size > 0 && !config.namespaces.has(namespace)) {
    return wrong({
      code: 'namespace-not-exposed',
      reason: `Namespace ${namespace} is not among those that the Corefile exposes: \`namespaces ${[...config.namespaces].join(' ')}\`.`,
      remedy: `Add ${namespace} to \`namespaces\` of plugin kubernetes.`,
    })
  }
  if (store.namespace(namespace) === undefined) {
    const near = nearest(
      namespace,
      [...store.namespaces()].map((known) => known.name),
    )
    return wrong({
      code: 'no-such-namespace',
      reason: `There is no Namespace ${namespace}.${nearText(near)}`,
      remedy: 'Names of this zone are SERVICE.NAMESPACE.ZONE: correct the name, or create it.',
    })
  }
  if (service === '') return { facts: [], problems: [] }
  const known = store.service(service, namespace)
  if (known === undefined) {
    const others = [...store.services()].filter((other) => other.namespace === namespace)
    const near = nearest(
      service,
      others.map((other) => other.name),
    )
    return wrong({
      code: 'no-such-service',
      reason: `There is no Service ${service} in Namespace ${namespace}.${nearText(near)}`,
      remedy: 'Names of this zone are SERVICE.NAMESPACE.ZONE: correct the name, or create it.',
    })
  }
  const facts = [factOf(known)]
  const byEndpoint = headless && known.headless
  if (known.externalIPs.length > 0 || byEndpoint) return { facts, problems: [] }
  return wrong(withoutAddress(known), facts)
}

function factOf({ name, namespace, type, externalIPs, resourceVersion }: ServiceRecord): Fact {
  const says = `${type}, outside the cluster ${some(externalIPs) || 'nowhere'}`
  return { kind: 'Service', name: `${namespace}/${name}`, version: resourceVersion, says }
}

function withoutAddress({ name, namespace, type, headless }: ServiceRecord): Problem {
  const balanced = type === 'LoadBalancer'
  return {
    code: 'no-external-address',
    reason: `Service ${namespace}/${name} is ${headless ? 'headless' : `of type ${type}`} and has no address outside the cluster: neither \`status.loadBalancer.ingress\` nor \`spec.externalIPs\`.`,
    remedy: balanced
      ? `Look why its load balancer gives none: \`kubectl -n ${namespace} describe service ${name}\`.`
      : headless
        ? 'Write `headless` into the block of k8s_external to answer with its endpoints.'
        : 'Make it a LoadBalancer, or give it `externalIPs`.',
  }
}

const wrong = (problem: Problem, facts: readonly Fact[] = []): Explanation => ({
  facts,
  problems: [problem],
})

const nearText = (near: readonly string[]): string =>
  near.length === 0 ? '' : ` There is ${near.join(', ')}.`
