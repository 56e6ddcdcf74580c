import { type InspectedObject, MAX_OBJECTS } from '../../kube/inspect.ts'
import type { ServiceRecord } from '../../kube/store.ts'
import { nameToText } from '../../wire/name.ts'
import { type Problem, some } from '../why.ts'
import type { Explaining } from './explain.ts'
import { idOf } from './explain-endpoints.ts'

/** A Pod's name as a StatefulSet makes it. */
const NUMBERED = /^(.+)-(0|[1-9][0-9]*)$/
/** Ordinals that are told one by one. */
const FEW = 3

/**
 * Why there is no endpoint with this ordinal, where there are others with the same name before it.
 *
 * @param names of the Service's endpoints, ready or not
 */
export async function ordinalMissing(
  explaining: Explaining,
  service: ServiceRecord,
  names: readonly string[],
): Promise<Problem | undefined> {
  const { asked } = explaining
  const { endpoint: label } = asked.parts
  const [, stem, ordinal] = NUMBERED.exec(label) ?? []
  if (stem === undefined) return undefined
  const hostnames = ordinals(stem, names)
  if (hostnames.length === 0) return undefined
  const { name, namespace } = service
  const pods = await podsOfSet(explaining, namespace, stem)
  const has = pods.length === 0 ? hostnames : ordinals(stem, pods.map(nameOf))
  const what = pods.length === 0 ? 'such endpoint' : 'Pod'
  const who = pods.length === 0 ? idOf(service) : `StatefulSet ${namespace}/${stem}`
  const count = `${has.length} ${what}${has.length === 1 ? '' : 's'}`
  const zone = nameToText(asked.zone.name)
  const one = `${stem}-${hostnames[0]}.${name}.${namespace}.svc.${zone}`
  const beyond = Number(ordinal) > (has.at(-1) as number)
  const waiting = pods.find((pod) => !isReady(pod))
  if (beyond && waiting !== undefined) {
    const blocker = nameOf(waiting)
    return {
      code: 'no-such-endpoint',
      reason: `${who} has ${count}, ${listed(stem, has)}: there is no ${label}. ${blocker} is not ready, and a StatefulSet makes no further Pod before the earlier ones are ready, unless its podManagementPolicy is Parallel.`,
      remedy: `Look why it is not ready: \`kubectl -n ${namespace} describe pod ${blocker}\`. Scale the StatefulSet if it has no replica of that number.`,
    }
  }
  return {
    code: 'no-such-endpoint',
    reason: `${who} has ${count}, ${listed(stem, has)}: there is no ${label}.`,
    remedy:
      pods.length === 0
        ? `Ask for one of them: ${one}`
        : beyond
          ? `Scale it, or ask for one of them: ${one}`
          : `Look whether it is being made anew, \`kubectl -n ${namespace} describe statefulset ${stem}\`, or ask for one that is there: ${one}`,
  }
}

/** The Pods of a StatefulSet; none where they cannot be seen, or there may be more than a look shows. */
async function podsOfSet(
  { looker }: Explaining,
  namespace: string,
  set: string,
): Promise<readonly InspectedObject[]> {
  const { objects } = await looker.pods(namespace, undefined)
  if (objects.length >= MAX_OBJECTS) return []
  return objects.filter(({ metadata }) =>
    metadata?.ownerReferences?.some(({ kind, name }) => kind === 'StatefulSet' && name === set),
  )
}

const nameOf = ({ metadata }: InspectedObject): string => metadata?.name ?? ''

function isReady({ status }: InspectedObject): boolean {
  const conditions: readonly { type?: string; status?: string }[] = status?.conditions ?? []
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** The ordinals of the names that have this stem, each once, lowest first. */
function ordinals(stem: string, names: readonly string[]): number[] {
  const found = names.flatMap((name) => {
    const [, before, ordinal] = NUMBERED.exec(name) ?? []
    return before === stem ? [Number(ordinal)] : []
  })
  return [...new Set(found)].sort((a, b) => a - b)
}

/** `web-0 and web-1`, `web-0 to web-9`. */
function listed(stem: string, has: readonly number[]): string {
  const names = has.map((ordinal) => `${stem}-${ordinal}`)
  const [first = 0, last = 0] = [has[0], has.at(-1)]
  if (has.length > FEW && last - first === has.length - 1) return `${names[0]} to ${names.at(-1)}`
  if (has.length > FEW) return some(names)
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
