import { isPublished, type ServiceRecord, type SliceRecord } from '../../kube/store.ts'
import { RCODE, rcodeToText, TYPE } from '../../wire/codes.ts'
import { nameToText } from '../../wire/name.ts'
import { type Explanation, type Fact, type Problem, some } from '../why.ts'
import { addressOctets } from './address.ts'
import type { Explaining } from './explain.ts'
import { endpointMissing } from './explain-endpoint-name.ts'
import { emptyBehind } from './explain-endpoints.ts'
import { portProblem } from './explain-ports.ts'
import { endpointName } from './hits.ts'
import { selectorText } from './looker.ts'

/** A name at or below a Service that exists. */
export async function explainService(
  explaining: Explaining,
  service: ServiceRecord,
): Promise<Explanation> {
  const { finder } = explaining
  const { name, namespace } = service
  const external = service.type === 'ExternalName'
  const slices = external ? [] : finder.store.slices(name, namespace)
  const facts = [
    await serviceFact(explaining, service),
    ...(await sliceFacts(explaining, slices, service)),
  ]
  const found = external
    ? externalName(explaining, service)
    : await explainAddresses(explaining, service, slices)
  return { facts, problems: found === undefined ? [] : [found] }
}

async function serviceFact({ looker }: Explaining, service: ServiceRecord): Promise<Fact> {
  const { name, namespace, resourceVersion } = service
  const seen = await looker.service(namespace, name)
  const [object] = seen.objects
  const selector = object?.spec?.selector as Record<string, string> | undefined
  const selects = selector === undefined ? '' : `, selector ${selectorText(selector)}`
  const says = `${kindOf(service)}${selects}${service.publishNotReadyAddresses ? ', publishes addresses that are not ready' : ''}`
  if (object !== undefined) return looker.fact('Service', object, says)
  return { kind: 'Service', name: `${namespace}/${name}`, version: resourceVersion, says }
}

function kindOf(service: ServiceRecord): string {
  if (service.type === 'ExternalName') return `ExternalName for ${service.externalName}`
  if (service.headless) return 'headless'
  return `${service.type} ${service.clusterIPs.join(', ')}`
}

async function sliceFacts(
  { looker }: Explaining,
  slices: readonly SliceRecord[],
  service: ServiceRecord,
): Promise<Fact[]> {
  if (slices.length === 0) return []
  const seen = await looker.slices(service.namespace, service.name)
  return slices.map((slice) => {
    const { endpoints } = slice
    const published = endpoints.filter((endpoint) => isPublished(endpoint, service))
    const says = `${endpoints.length} ${slice.addressType} endpoints, ${published.length} in DNS: ${some(published.map(({ address }) => address)) || 'none'}`
    const object = seen.objects.find(({ metadata }) => metadata?.name === slice.name)
    if (object !== undefined) return looker.fact('EndpointSlice', object, says)
    const { namespace, name, resourceVersion } = slice
    return { kind: 'EndpointSlice', name: `${namespace}/${name}`, version: resourceVersion, says }
  })
}

function externalName(explaining: Explaining, service: ServiceRecord): Problem | undefined {
  const { asked, reply } = explaining
  const { name, namespace, externalName: target } = service
  const where = `Service ${namespace}/${name}`
  if (addressOctets(target) !== undefined) {
    return {
      code: 'external-name-is-address',
      reason: `${where} is an ExternalName whose externalName is the address ${target}: DNS has no alias for an address.`,
      remedy: `Make it a headless Service without selector, and an EndpointSlice with ${target}.`,
    }
  }
  const { endpoint, port } = asked.parts
  if (endpoint !== '' || port !== '') {
    return {
      code: 'below-external-name',
      reason: `${where} is an ExternalName: nothing stands below its name.`,
      remedy: `Ask for ${name}.${namespace}.svc.${nameToText(asked.zone.name)}`,
    }
  }
  if (reply === undefined) return undefined
  const circle = circleFrom(explaining, service)
  if (circle !== undefined) {
    return {
      code: 'external-name-fails',
      reason: `${where} leads in a circle: ${circle.join(' to ')}.`,
      remedy: `Let one of them lead elsewhere: \`kubectl -n ${namespace} edit service ${name}\`.`,
    }
  }
  if (explaining.query.qtype === TYPE.CNAME) return undefined
  const resolved = reply.answer.some(({ type }) => type === explaining.query.qtype)
  if (resolved) return undefined
  const failed = reply.rcode === RCODE.NOERROR ? 'no address' : rcodeToText(reply.rcode)
  return {
    code: 'external-name-fails',
    reason: `${where} leads to ${target}, for which there is ${failed}.`,
    remedy: `Explain ${target} itself, and correct externalName with \`kubectl -n ${namespace} edit service ${name}\`.`,
  }
}

/** The ExternalNames from a Service back to one that was met before, as `NAMESPACE/NAME`. */
function circleFrom({ asked, finder }: Explaining, from: ServiceRecord): string[] | undefined {
  const zone = `.svc.${nameToText(asked.zone.name).slice(0, -1)}`
  const met: string[] = []
  let service: ServiceRecord | undefined = from
  while (service?.type === 'ExternalName') {
    const id = `${service.namespace}/${service.name}`
    if (met.includes(id)) return [...met, id]
    met.push(id)
    const target: string = service.externalName.toLowerCase().replace(/\.$/, '')
    const [name = '', namespace = '', more] = target.slice(0, -zone.length).split('.')
    service =
      target.endsWith(zone) && more === undefined
        ? finder.store.service(name, namespace)
        : undefined
  }
  return undefined
}

async function explainAddresses(
  explaining: Explaining,
  service: ServiceRecord,
  slices: readonly SliceRecord[],
): Promise<Problem | undefined> {
  const { asked, config } = explaining
  const { parts } = asked
  const endpoints = slices.flatMap((slice) => slice.endpoints)
  const published = endpoints.filter((endpoint) => isPublished(endpoint, service))
  if (parts.port !== '' || parts.protocol !== '') {
    const wrong = await portProblem(explaining, service, slices)
    if (wrong !== undefined) return wrong
  }
  if (parts.endpoint !== '') {
    const named = published.some(
      (endpoint) =>
        endpointName(endpoint, config.endpointPodNames).toLowerCase() === parts.endpoint,
    )
    if (!named) return endpointMissing(explaining, service, slices)
  }
  if (published.length === 0) return emptyBehind(explaining, service, slices)
  return familyProblem(
    explaining,
    service,
    published.map(({ address }) => address),
  )
}

/** A family that the Service does not have: an empty answer, which clients that ask for both families expect. */
function familyProblem(
  { query }: Explaining,
  service: ServiceRecord,
  endpoints: readonly string[],
): Problem | undefined {
  if (query.qtype !== TYPE.A && query.qtype !== TYPE.AAAA) return undefined
  const addresses = service.headless ? endpoints : service.clusterIPs
  const wanted = query.qtype === TYPE.A ? 4 : 16
  if (addresses.some((address) => addressOctets(address)?.length === wanted)) return undefined
  const [missing, other] = wanted === 4 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
  return {
    code: 'no-such-family',
    reason: `Service ${service.namespace}/${service.name} has no ${missing} addresses, only ${other}: the answer is empty, and right.`,
    remedy: `Nothing is wrong where clients ask for both families. For both, the cluster and the Service must be dual-stack: \`ipFamilyPolicy: PreferDualStack\`.`,
  }
}
