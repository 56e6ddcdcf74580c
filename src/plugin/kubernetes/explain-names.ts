import { nearest } from '../../corefile/nearest.ts'
import type { ServiceRecord } from '../../kube/store.ts'
import { isAtOrBelow, labelsOf, type Name, nameToText } from '../../wire/name.ts'
import { type Problem, some } from '../why.ts'
import type { Config } from './config.ts'
import type { Explaining } from './explain.ts'
import type { Finder } from './finder.ts'
import { endpointName } from './hits.ts'
import { selectorText } from './looker.ts'

/** Names that are told as near. */
const MOST = 3

/** Why a name that is neither below `svc` nor below `pod` does not exist. */
export function misread({ asked, finder }: Explaining): Problem {
  const { store } = finder
  const zone = nameToText(asked.zone.name)
  const labels = leftOf(asked.folded, asked.zone.name)
  const last = labels.at(-1) ?? ''
  if (last === 'svc' || last === 'pod') return tooDeep(asked.qname, labels, zone, last)
  const service = labels.length >= 2 ? store.service(labels.at(-2) as string, last) : undefined
  if (service !== undefined) {
    return {
      code: 'svc-missing',
      reason: `The label svc is missing before ${zone}: Service ${idOf(service)} exists.`,
      remedy: `Ask for ${[...labels, 'svc'].join('.')}.${zone}`,
    }
  }
  if (store.namespace(last) !== undefined) {
    return {
      code: 'svc-missing',
      reason: `The label svc is missing before ${zone}: ${last} is a Namespace.`,
      remedy: `Ask for ${[...labels, 'svc'].join('.')}.${zone}`,
    }
  }
  const near = endsLikeService(labels, store) ? ['svc'] : nearest(last, ['svc', 'pod'])
  if (near.length > 0 && labels.length > 1) {
    return {
      code: 'neither-svc-nor-pod',
      reason: `Names in ${zone} end in svc or pod before the zone, and this one ends in ${last}.`,
      remedy: `Ask for ${[...labels.slice(0, -1), near[0]].join('.')}.${zone}`,
    }
  }
  return {
    code: 'search-list-applied',
    reason: `${labels.join('.')}. was asked for with the search domain ${zone} behind it: nothing in the cluster has this name.`,
    remedy: `Nothing is wrong if the next question is for ${labels.join('.')}. itself. To save the others, write the name with a final dot, or lower \`ndots\` in the Pod's dnsConfig.`,
  }
}

/** `web.shop.service`: all but the last label is right. */
function endsLikeService(labels: readonly string[], store: Finder['store']): boolean {
  const [name, namespace] = labels.slice(-3)
  if (labels.length < 3 || name === undefined || namespace === undefined) return false
  return store.service(name, namespace) !== undefined
}

function tooDeep(qname: Name, labels: readonly string[], zone: string, last: string): Problem {
  const fitting = labels.slice(-3).join('.')
  return {
    code: 'too-many-labels',
    reason: `${nameToText(qname)} has ${labels.length - 3} labels before Service and Namespace: ${last === 'svc' ? 'an endpoint is one, a port and its protocol are two' : 'a Pod has none'}.`,
    remedy: `Ask for ${fitting}.${zone}`,
  }
}

/** Why the name's Namespace tells nothing. */
export function namespaceProblem({ asked, finder, config }: Explaining): Problem | undefined {
  const { namespace, service } = asked.parts
  const { store } = finder
  const zone = nameToText(asked.zone.name)
  if (config.namespaces.size > 0 && !config.namespaces.has(namespace)) {
    return {
      code: 'namespace-not-exposed',
      reason: `Namespace ${namespace} is not among those that the Corefile exposes: \`namespaces ${[...config.namespaces].join(' ')}\`.`,
      remedy: `Add ${namespace} to \`namespaces\` of plugin kubernetes.`,
    }
  }
  if (store.namespace(namespace) !== undefined) return undefined
  const swapped = service === '' ? undefined : store.service(namespace, service)
  if (swapped !== undefined) {
    return {
      code: 'swapped',
      reason: `There is no Namespace ${namespace}, but Service ${idOf(swapped)}: Service and Namespace have changed places.`,
      remedy: `Ask for ${swapped.name}.${swapped.namespace}.svc.${zone}`,
    }
  }
  if (config.namespaceLabels !== undefined) {
    return {
      code: 'no-such-namespace',
      reason: `There is no Namespace ${namespace} with the labels \`${config.namespaceLabels}\`, which the Corefile asks for.`,
      remedy: `Look at \`kubectl get namespace ${namespace} --show-labels\`: create it, or label it.`,
    }
  }
  const names = [...store.namespaces()].map(({ name }) => name)
  const near = nearest(namespace, names, MOST)
  return {
    code: 'no-such-namespace',
    reason: `There is no Namespace ${namespace}.${nearText(near)}`,
    remedy:
      near[0] === undefined
        ? `Create it, or ask in another: there are ${some(names)}.`
        : `Ask for ${[...leftOf(asked.folded, asked.zone.name).slice(0, -2), near[0], asked.parts.first].join('.')}.${zone}`,
  }
}

/** Why there is no such Service, where its Namespace exists. */
export function serviceMissing({ asked, finder, config }: Explaining): Problem {
  const { namespace, service } = asked.parts
  const { store } = finder
  const all = [...store.services()]
  const zone = nameToText(asked.zone.name)
  const missing = `There is no Service ${service} in Namespace ${namespace}.`
  const owner = endpointOwner(service, namespace, finder, config, all)
  if (owner !== undefined) {
    return {
      code: 'pod-without-service',
      reason: `${missing} ${service} is a Pod behind Service ${idOf(owner)}: a Pod's name stands below its Service's.`,
      remedy: `Ask for ${service}.${owner.name}.${namespace}.svc.${zone}`,
    }
  }
  const front = leftOf(asked.folded, asked.zone.name)
    .slice(0, -3)
    .map((label) => `${label}.`)
    .join('')
  const elsewhere = all.filter(({ name }) => name === service)
  if (elsewhere[0] !== undefined) {
    const places = some(elsewhere.map((other) => other.namespace))
    return {
      code: 'service-elsewhere',
      reason: `${missing} There is one in Namespace ${places}.`,
      remedy: `Ask for ${front}${service}.${elsewhere[0].namespace}.svc.${zone} A name without its Namespace is looked for in the client's own.`,
    }
  }
  const names = all.filter((other) => other.namespace === namespace).map(({ name }) => name)
  const near = nearest(service, names, MOST)
  const labels = config.labels === undefined ? '' : ` with the labels \`${config.labels}\``
  return {
    code: 'no-such-service',
    reason: `There is no Service ${service} in Namespace ${namespace}${labels}.${nearText(near)}`,
    remedy:
      near[0] === undefined
        ? names.length === 0
          ? `Create it: Namespace ${namespace} has no Services.`
          : `Create it, or ask for another: there are ${some(names)}.`
        : `Ask for ${front}${near[0]}.${namespace}.svc.${zone}`,
  }
}

/** A Pod's name where a Service's is expected, though no Service gives it one. */
export async function podForService(
  { asked, looker }: Explaining,
  missing: Problem,
): Promise<Problem> {
  if (missing.code !== 'no-such-service') return missing
  const { namespace, service } = asked.parts
  const [pod] = (await looker.pod(namespace, service)).objects
  if (pod === undefined) return missing
  return {
    code: 'pod-without-service',
    reason: `There is no Service ${service} in Namespace ${namespace}. ${service} is a Pod: a Pod has a name only below a headless Service, and under its \`hostname\`.`,
    remedy: `Ask for a Service that selects the Pod (its labels: ${selectorText(pod.metadata?.labels ?? {}) || 'none'}), or create one.`,
  }
}

/** The Service of the Namespace one of whose endpoints has this name. */
function endpointOwner(
  name: string,
  namespace: string,
  finder: Finder,
  config: Config,
  all: readonly ServiceRecord[],
): ServiceRecord | undefined {
  return all.find((service) => {
    if (service.namespace !== namespace || service.type === 'ExternalName') return false
    const slices = finder.store.slices(service.name, namespace)
    return slices.some(({ endpoints }) =>
      endpoints.some((endpoint) => endpointName(endpoint, config.endpointPodNames) === name),
    )
  })
}

/** A name outside that looks as if it was meant for the cluster: `web`, `web.shop`, `web.shop.svc`. */
export function outside(folded: Name, finder: Finder, config: Config): Problem | undefined {
  const labels = labelsOf(folded)
  const zone = nameToText(config.primaryZone)
  const { store } = finder
  const text = nameToText(folded)
  const whole = `The search list was never applied: ${text} was asked for as it stands`
  const remedy = (name: string) =>
    `Ask for ${name}.svc.${zone} A client that has the search list of its Pod's resolv.conf does so by itself: look for a final dot, for \`dnsPolicy\` other than ClusterFirst, and for resolvers that do not know \`search\`.`
  const [service = '', namespace = ''] = labels
  const short = labels.length === 2 || (labels.length === 3 && labels[2] === 'svc')
  if (short && store.service(service, namespace) !== undefined) {
    return {
      code: 'search-list-not-applied',
      reason: `${whole}, and Service ${namespace}/${service} exists.`,
      remedy: remedy(`${service}.${namespace}`),
    }
  }
  if (labels.length !== 1) return undefined
  const found = [...store.services()].filter(({ name }) => name === service)
  if (found[0] === undefined) return undefined
  return {
    code: 'search-list-not-applied',
    reason: `${whole}, and Service ${service} exists in Namespace ${some(found.map((other) => other.namespace))}.`,
    remedy: remedy(`${service}.${found[0].namespace}`),
  }
}

/** Labels of a name left of a zone that it is in. */
function leftOf(folded: Name, zone: Name): string[] {
  if (!isAtOrBelow(folded, zone)) return []
  const labels = labelsOf(folded)
  return labels.slice(0, labels.length - labelsOf(zone).length)
}

const idOf = ({ namespace, name }: ServiceRecord) => `${namespace}/${name}`

function nearText(near: readonly string[]): string {
  return near.length === 0 ? '' : ` There is ${near.join(', ')}.`
}
