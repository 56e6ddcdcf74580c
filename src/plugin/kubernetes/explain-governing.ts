import { type Problem, some } from '../why.ts'
import type { Explaining } from './explain.ts'

/** Whether Pods have the missing Service as their subdomain: without it they have no names. */
export async function governingMissing({
  asked,
  looker,
}: Explaining): Promise<Problem | undefined> {
  const { namespace, service } = asked.parts
  const { objects } = await looker.pods(namespace, undefined)
  const governed = objects.filter(({ spec }) => spec?.subdomain === service)
  if (governed.length === 0) return undefined
  const pods = some(governed.map(({ metadata }) => metadata?.name ?? ''))
  const set = governed[0]?.metadata?.ownerReferences?.find(({ kind }) => kind === 'StatefulSet')
  const names =
    set === undefined
      ? `Pods have it as subdomain: ${pods}`
      : `StatefulSet ${namespace}/${set.name} has it as serviceName: its Pods ${pods}`
  return {
    code: 'no-governing-service',
    reason: `There is no Service ${service} in Namespace ${namespace}, and ${names} have no names of their own without it.`,
    remedy: `Create it, headless (\`clusterIP: None\`), with a selector that the Pods' labels match.`,
  }
}
