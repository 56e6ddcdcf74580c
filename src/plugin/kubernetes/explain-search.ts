import { nearest } from '../../corefile/nearest.ts'
import { RCODE } from '../../wire/codes.ts'
import { isAtOrBelow, labelsOf, type Name, nameOfLabels, nameToText } from '../../wire/name.ts'
import { lookup } from '../lookup.ts'
import type { Problem } from '../why.ts'
import type { Explaining } from './explain.ts'

/** Top-level domains that are no country's and that names outside end in most. */
const GENERIC: ReadonlySet<string> = new Set(
  'com net org edu gov mil int arpa info biz io dev app cloud online site tech test'.split(' '),
)
/** Names of countries by their codes (ISO 3166-1), which are their top-level domains. */
const COUNTRIES = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })
/** A Pod of a StatefulSet: its Service stands behind it, whatever that is called. */
const ORDINAL = /-\d+$/

/** Whether a name that does not exist is another one with a search domain of a Pod behind it (`NAMESPACE.svc.ZONE`, `svc.ZONE`, `ZONE`). */
export async function searchListApplied(explaining: Explaining): Promise<Problem | undefined> {
  const { asked, config } = explaining
  const labels = labelsOf(asked.folded).slice(0, -asked.zone.labels)
  for (const length of labels.at(-1) === 'svc' ? [2, 1] : [0]) {
    const left = labels.slice(0, labels.length - length)
    const front = nameOfLabels(left)
    if (front === undefined || left.length < 2) continue
    const search = [...labels.slice(left.length), nameToText(asked.zone.name)].join('.')
    if (config.zones.some((zone) => front !== zone && isAtOrBelow(front, zone))) {
      return ofCluster(front, search, explaining)
    }
    if (length === 0) continue
    if ((length === 2 || left.at(-1) === 'svc') && namesService(left, explaining)) {
      return applied(front, search, 'it names a Service here')
    }
    if (await isOutside(front, length, explaining)) {
      return applied(front, search, 'nothing in the cluster has this name')
    }
  }
  return undefined
}

function ofCluster(front: Name, search: string, explaining: Explaining): Problem {
  const { config } = explaining
  const zone = config.zones.find((zone) => isAtOrBelow(front, zone)) as Name
  const labels = labelsOf(front).slice(0, -labelsOf(zone).length)
  if (namesService(labels, explaining)) {
    return applied(front, search, 'it is a name of a Service that exists here')
  }
  const { code, reason, remedy } = applied(front, search, 'it is a name of the cluster by itself')
  return { code, reason, remedy: `${remedy} If that fails too, explain ${nameToText(front)}` }
}

/** `web.shop`, `web.shop.svc`, and names below them. */
function namesService(labels: readonly string[], { finder }: Explaining): boolean {
  const bare = labels.at(-1) === 'svc' ? labels.slice(0, -1) : labels
  const [service, namespace] = bare.slice(-2)
  if (service === undefined || namespace === undefined) return false
  return finder.store.service(service, namespace) !== undefined
}

function applied(front: Name, search: string, what: string): Problem {
  const name = nameToText(front)
  return {
    code: 'search-list-applied',
    reason: `${name} was asked for with the search domain ${search} behind it: ${what}.`,
    remedy: `Nothing is wrong: with \`ndots:5\` this question is normal, and the client goes on with the next. To save it, write the name with a final dot (${name}), or lower \`ndots\` in the Pod's dnsConfig.`,
  }
}

/** Whether the name ends as names outside do, or the server answers it. */
async function isOutside(front: Name, length: number, explaining: Explaining): Promise<boolean> {
  const { finder, query, asked } = explaining
  const { store } = finder
  const labels = labelsOf(front)
  const last = labels.at(-1) as string
  const services = [...store.services()]
  const namespaces = [...store.namespaces()].map(({ name }) => name)
  if (namespaces.includes(last) || services.some(({ name }) => name === last)) return false
  if (GENERIC.has(last)) return true
  if (labels.some((label) => label.startsWith('_')) && labels.length < 4) return false
  if (labels.length === 2 && ORDINAL.test(labels[0] as string)) return false
  const beside = services.filter(({ namespace }) => namespace === asked.parts.namespace)
  const known = length === 1 ? namespaces : beside.map(({ name }) => name)
  const isUsual = labels.length <= (length === 1 ? 3 : 2)
  if (isUsual && nearest(last, known, 1).length > 0) return false
  if (isCountry(last) || last.startsWith('xn--')) return true
  const reply = await lookup(query, front, query.qtype)
  return reply.kind === 'message' && reply.rcode === RCODE.NOERROR && reply.answer.length > 0
}

function isCountry(label: string): boolean {
  return /^[a-z]{2}$/.test(label) && COUNTRIES.of(label.toUpperCase()) !== undefined
}
