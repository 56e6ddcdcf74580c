import { stackOf } from '../log.ts'
import type { Clock } from './clock.ts'
import { wasCut } from './http2.ts'
import type { Progress } from './json-stream.ts'
import { type Body, reasonOf } from './transport.ts'

/** How the reading of a stream ended. */
export type StreamEnd =
  | { readonly end: 'closed' } // by the server, in order
  | { readonly end: 'reset'; readonly failure: string }
  | { readonly end: 'silent' } // nothing came for too long
  | { readonly end: 'stop' } // whoever parsed wanted no more
  | { readonly end: 'broken' } // what came could not be parsed

/** Octets that come and make nothing whole for this long, no event and no item, are as good as silence. */
export const TRICKLE_MS = 90_000

/**
 * Reads a body to its end, octets in, parsing as they come. A long list is read a few milliseconds at
 * a time, all streams together, so that it does not hold up whoever else is waiting.
 *
 * @param silenceMs how long nothing at all may come; asked again as the stream goes on
 * @param wholes how many events or items have been whole so far
 */
export function readStream(
  body: Body,
  push: (chunk: Buffer) => Progress,
  silenceMs: () => number,
  wholes: () => number,
  clock: Clock,
): Promise<StreamEnd> {
  const { promise, resolve } = Promise.withResolvers<StreamEnd>()
  let heardAt = clock.monotonic()
  let wholeAt = heardAt
  let known = 0
  let cancel = (): void => {}
  const finish = (end: StreamEnd): void => {
    cancel()
    body.removeAllListeners('data')
    // An answer that was not read to its end takes its connection with it.
    if (end.end !== 'closed') body.destroy()
    resolve(end)
  }
  // One timer for the whole stream: chunks only note the time, and an early timer sleeps on for the rest.
  const watchSilence = (): void => {
    const deadAt = Math.min(heardAt + silenceMs(), wholeAt + TRICKLE_MS)
    const leftMs = deadAt - clock.monotonic()
    if (leftMs <= 0) finish({ end: 'silent' })
    else cancel = clock.after(leftMs, watchSilence)
  }
  cancel = clock.after(silenceMs(), watchSilence)
  body.on('data', (chunk: Buffer) => {
    heardAt = clock.monotonic()
    let progress: Progress
    try {
      progress = push(chunk)
    } catch (error) {
      return finish({ end: 'reset', failure: `not taken: ${stackOf(error)}` })
    }
    if (wholes() !== known) {
      known = wholes()
      wholeAt = heardAt
    }
    if (progress !== 'more') finish({ end: progress })
    else if (turnIsOver(clock)) {
      body.pause()
      setImmediate(() => body.resume())
    }
  })
  const cut: StreamEnd = { end: 'reset', failure: 'connection closed' }
  body.on('end', () => finish(wasCut(body) ? cut : { end: 'closed' }))
  body.on('error', (error) => finish({ end: 'reset', failure: reasonOf(error) }))
  body.on('close', () => finish(cut))
  return promise
}

/** How long all streams together may parse in one turn of the event loop. */
export const TURN_MS = 8

let turnBegan = 0
let inTurn = false

/** Counts from the first chunk of a turn; what is put off until the next turn begins a new one. */
function turnIsOver(clock: Clock): boolean {
  const now = clock.monotonic()
  if (inTurn) return now - turnBegan > TURN_MS
  inTurn = true
  turnBegan = now
  setImmediate(() => {
    inTurn = false
  })
  return false
}
