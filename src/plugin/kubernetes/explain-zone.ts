import { nearest } from '../../corefile/nearest.ts'
import { RCODE } from '../../wire/codes.ts'
import { labelsOf, type Name, nameToText } from '../../wire/name.ts'
import type { Reply } from '../reply.ts'
import type { Problem } from '../why.ts'
import type { Config } from './config.ts'
import type { Finder } from './finder.ts'
import { isReverse } from './zones.ts'

/** A name outside that ends in nearly a zone of the cluster, or has a Service's shape with a Namespace of this cluster in it. */
export function zoneMistyped(
  folded: Name,
  reply: Reply | undefined,
  finder: Finder,
  config: Config,
): Problem | undefined {
  if (reply?.rcode === RCODE.NOERROR) return undefined
  const labels = labelsOf(folded)
  const found = byShape(labels, finder, config) ?? byLabels(labels, config)
  if (found === undefined) return undefined
  const { front, zone } = found
  const wrong = labels.slice(front).join('.')
  return {
    code: 'no-such-zone',
    reason: `${wrong}. is no zone here; there is ${nameToText(zone)}`,
    remedy: `Ask for ${[...labels.slice(0, front), nameToText(zone)].join('.')}`,
  }
}

/** How many labels stand in front of the zone, and which zone is meant. */
interface Meant {
  readonly front: number
  readonly zone: Name
}

/** `web.shop.svc.X`, `10-0-0-1.shop.pod.X`. */
function byShape(labels: readonly string[], { store }: Finder, config: Config): Meant | undefined {
  const at = labels.findLastIndex((label) => label === 'svc' || label === 'pod')
  if (at < 2 || at === labels.length - 1) return undefined
  if (store.namespace(labels[at - 1] as string) === undefined) return undefined
  const zones = new Map(forward(config).map((zone) => [nameToText(zone), zone]))
  const [near] = nearest(`${labels.slice(at + 1).join('.')}.`, zones.keys(), 1)
  return { front: at + 1, zone: zones.get(near ?? '') ?? config.primaryZone }
}

/** As many labels as the zone has, each as in the zone or nearly. */
function byLabels(labels: readonly string[], config: Config): Meant | undefined {
  for (const zone of forward(config)) {
    const wanted = labelsOf(zone)
    const front = labels.length - wanted.length
    if (front < 1 || wanted.length < 2) continue
    const isNear = wanted.every((label, i) => {
      const given = labels[front + i] as string
      return given === label || nearest(given, [label], 1).length > 0
    })
    if (isNear) return { front, zone }
  }
  return undefined
}

const forward = ({ zones }: Config): Name[] => zones.filter((zone) => !isReverse(zone))
