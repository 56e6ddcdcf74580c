import { setTimeout as wait } from 'node:timers/promises'
import { TYPE } from '../../wire/codes.ts'
import { type Name, nameFromText } from '../../wire/name.ts'
import type { Setup } from '../setup.ts'
import type { Roll, Rolls } from '../standing.ts'
import type { Viewer } from './viewers.ts'

/** Milliseconds between two pictures of one roll: changes come in bursts. */
export const PICTURE_MS = 200
/** Services that a search gives. */
export const MAX_FOUND = 20

const TYPES = [TYPE.A, TYPE.AAAA]

type Ask = NonNullable<Setup['walk']>

/** A roll, and what DNS says of it. */
export interface Picture {
  /** `NAMESPACE/NAME`, as it was asked for. */
  readonly service: string
  /** Undefined where there is no such Service. */
  readonly roll: Roll | undefined
  /** What clients get for the Service's name. */
  readonly answers: readonly Answer[]
}

interface Answer {
  readonly type: string
  readonly rcode: string
  readonly records: readonly string[]
}

/** Finds Services by a part of their name, in all clusters that are served. */
export function findServices(rolls: readonly Rolls[], text: string): string[] {
  const found = rolls.flatMap((one) => one.find(text, MAX_FOUND))
  return [...new Set(found)].slice(0, MAX_FOUND)
}

/** Sends a viewer the roll of a Service, at once and with every change. */
export function followRoll(
  service: string,
  rolls: readonly Rolls[],
  viewer: Viewer,
  ask: Ask,
): void {
  const [namespace = '', name = ''] = service.split('/')
  let ended = false
  let changed = false
  let showing = false
  const show = async () => {
    changed = true
    if (showing) return
    showing = true
    while (changed && !ended) {
      changed = false
      viewer.send('roll', await pictureOf(service, rolls, ask))
      await wait(PICTURE_MS, undefined, { ref: false })
    }
    showing = false
  }
  const forget = rolls.map((one) => one.onChange(namespace, name, () => void show()))
  viewer.onEnd(() => {
    ended = true
    for (const end of forget) end()
  })
  void show()
}

async function pictureOf(service: string, rolls: readonly Rolls[], ask: Ask): Promise<Picture> {
  const [namespace = '', name = ''] = service.split('/')
  let roll: Roll | undefined
  for (const one of rolls) roll ??= one.of(namespace, name)
  const qname = roll === undefined ? undefined : nameFromText(roll.name)
  const answers =
    qname === undefined ? [] : await Promise.all(TYPES.map((qtype) => answer(qname, qtype, ask)))
  return { service, roll, answers }
}

/** Sorted: answers come in another order each time, and nobody is to take that for a change. */
async function answer(qname: Name, qtype: number, ask: Ask): Promise<Answer> {
  const { type, rcode, answer } = await ask({ qname, qtype, client: '127.0.0.1', bare: true })
  return { type, rcode, records: [...answer].sort() }
}
