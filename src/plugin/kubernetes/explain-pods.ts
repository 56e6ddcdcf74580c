import { nameToText } from '../../wire/name.ts'
import type { Explanation } from '../why.ts'
import { addressOctets } from './address.ts'
import type { Explaining } from './explain.ts'
import { podAddress } from './finder.ts'

/** Names below `pod`. */
export function podProblem({ asked, config, finder }: Explaining): Explanation {
  const { service: label, namespace } = asked.parts
  if (label === '') return { facts: [], problems: [] }
  const address = podAddress(label)
  if (config.pods === 'disabled') {
    return say(
      'pods-disabled',
      'Names of Pods are not answered: plugin kubernetes has no `pods`, or `pods disabled`.',
      'Write `pods insecure` or `pods verified` into the block; better, give the Pods a headless Service.',
    )
  }
  if (addressOctets(address) === undefined) {
    return say(
      'no-address',
      `${label} is no address with dashes: names of Pods are \`10-0-0-1.${namespace}.pod\`, never the Pod's own name.`,
      `Give the Pods a headless Service: then each has the name \`POD.SERVICE.${namespace}.svc.${nameToText(asked.zone.name)}\`, with \`hostname\` and \`subdomain\`.`,
    )
  }
  if (config.pods === 'insecure') {
    return {
      facts: [
        {
          kind: 'Pod name',
          name: `${namespace}/${address}`,
          says: 'made of the name alone: `pods insecure` asks nobody whether there is such a Pod',
        },
      ],
      problems: [],
    }
  }
  const pods = finder.store.podsByAddress(address)
  const here = pods.filter((pod) => pod.namespace === namespace)
  if (here.length > 0) {
    const facts = here.map((pod) => ({
      kind: 'Pod',
      name: `${namespace}/${pod.name}`,
      version: pod.resourceVersion,
      says: `has the address ${address}`,
    }))
    return { facts, problems: [] }
  }
  const other = pods[0]
  return other === undefined
    ? say(
        'no-such-pod',
        `No running Pod has the address ${address}.`,
        `Look at \`kubectl -n ${namespace} get pods -o wide\`: addresses change with every new Pod. Use a Service's name.`,
      )
    : say(
        'pod-elsewhere',
        `The Pod with the address ${address} is ${other.namespace}/${other.name}, not one of Namespace ${namespace}.`,
        `Ask for ${label}.${other.namespace}.pod.${nameToText(asked.zone.name)}`,
      )
}

/** Names of addresses. */
export function reverseProblem(
  { finder, asked, config }: Explaining,
  address: string | undefined,
): Explanation {
  const text = nameToText(asked.qname)
  if (address === undefined) {
    return say(
      'no-address',
      `${text} is not the reverse name of one whole address.`,
      'Ask with `dig -x ADDRESS`.',
    )
  }
  const { store } = finder
  const services = store.servicesByAddress(address).map(({ namespace, name, resourceVersion }) => ({
    kind: 'Service',
    name: `${namespace}/${name}`,
    version: resourceVersion,
    says: `has the cluster address ${address}`,
  }))
  const slices = store.slicesByAddress(address).map(({ namespace, name, resourceVersion }) => ({
    kind: 'EndpointSlice',
    name: `${namespace}/${name}`,
    version: resourceVersion,
    says: `holds the address ${address}`,
  }))
  const facts = [...services, ...slices]
  if (facts.length > 0) return { facts, problems: [] }
  const through = config.fallthrough.length > 0 ? ' Others behind may know it.' : ''
  return say(
    'address-of-nobody',
    `No Service and no endpoint has the address ${address}.${through}`,
    'Addresses of Pods have names only while the Pods are behind a Service.',
  )
}

function say(code: string, reason: string, remedy: string): Explanation {
  return { facts: [], problems: [{ code, reason, remedy }] }
}
