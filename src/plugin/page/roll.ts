import { setTimeout as wait } from 'node:timers/promises'
import { TYPE } from '../../wire/codes.ts'
import { type Name, nameFromText } from '../../wire/name.ts'
import { every } from '../every.ts'
import type { Setup } from '../setup.ts'
import type { Roll, Rolls, WaitingPod } from '../standing.ts'
import type { Viewer } from './viewers.ts'

/** Milliseconds between two pictures of one roll: changes come in bursts. */
export const PICTURE_MS = 200
/** Milliseconds between two looks at Pods that no watch knows of: each is two requests to the API, for as long as somebody follows the roll. */
export const LOOK_MS = 5000
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
  /** Pods that will be there. */
  readonly waiting: readonly WaitingPod[]
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
  let waiting: readonly WaitingPod[] = []
  let last = ''
  let ended = false
  const show = oneAtATime(viewer, async () => {
    const picture = await pictureOf(service, rolls, ask, waiting)
    const text = JSON.stringify(picture)
    if (ended || text === last) return
    last = text
    viewer.send('roll', picture)
    await wait(PICTURE_MS, undefined, { ref: false })
  })
  const look = oneAtATime(viewer, async () => {
    const found = await Promise.all(rolls.map((one) => one.waiting(namespace, name)))
    waiting = found.find((pods) => pods.length > 0) ?? []
    show()
  })
  const timer = every(LOOK_MS, look)
  const forget = rolls.map((one) => one.onChange(namespace, name, show))
  viewer.onEnd(() => {
    ended = true
    clearInterval(timer)
    for (const end of forget) end()
  })
  show()
  look()
}

/** Runs something, and once more when it was asked for meanwhile. A bug in it costs the viewer the stream, and nobody else anything. */
function oneAtATime(viewer: Viewer, run: () => Promise<void>): () => void {
  let running = false
  let again = false
  const loop = async () => {
    running = true
    while (again) {
      again = false
      await run()
    }
    running = false
  }
  return () => {
    again = true
    if (!running) loop().catch(viewer.cut)
  }
}

async function pictureOf(
  service: string,
  rolls: readonly Rolls[],
  ask: Ask,
  waiting: readonly WaitingPod[],
): Promise<Picture> {
  const [namespace = '', name = ''] = service.split('/')
  let roll: Roll | undefined
  for (const one of rolls) roll ??= one.of(namespace, name)
  const qname = roll === undefined ? undefined : nameFromText(roll.name)
  const answers =
    qname === undefined ? [] : await Promise.all(TYPES.map((qtype) => answer(qname, qtype, ask)))
  return { service, roll, waiting, answers }
}

/** Sorted: answers come in another order each time, and nobody is to take that for a change. */
async function answer(qname: Name, qtype: number, ask: Ask): Promise<Answer> {
  const { type, rcode, answer } = await ask({ qname, qtype, client: '127.0.0.1', bare: true })
  return { type, rcode, records: [...answer].sort() }
}
