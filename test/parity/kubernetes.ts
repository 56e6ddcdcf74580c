import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ObjectInput } from '../../src/sandbox/types.ts'
import { fold, name } from '../../src/wire/name.ts'
import { askByTcp, askByUdp, framed } from './exchange.ts'
import { describe, packetOf, type Recorded, readTranscript } from './transcript.ts'

const folder = fileURLToPath(new URL('kubernetes/', import.meta.url))

/** The objects that the transcripts were recorded over. */
export const clusterObjects = (): ObjectInput[] =>
  JSON.parse(readFileSync(`${folder}cluster.json`, 'utf8'))

/** Names of the recorded configurations. */
export const transcriptNames = (): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => file.slice(0, -4))

/** A recorded configuration, its places filled in. */
export function corefileOf(
  name: string,
  places: { port: number; upstream: number; kubeconfig: string },
): string {
  const text = readFileSync(`${folder}${name}.Corefile`, 'utf8')
  // What is asked of a server that has not heard all is answered otherwise, and a busy machine may take its time over that.
  return text
    .replace('kubeconfig {{kubeconfig}}', 'kubeconfig {{kubeconfig}}\n startup_timeout 1m')
    .replace(/\{\{(\w+)\}\}/g, (_, place) => String(places[place as keyof typeof places]))
}

/**
 * A Service that publishes by flag over a hand-made slice whose endpoints are not ready: the reference reads only the slice, Muster honours the flag. The
 * recordings leave it out, but for one question in upper case.
 */
const PUBLISHED_BY_FLAG = name('head-pnr-raw.zoo.svc.cluster.local')

/** Questions in the air at a time. */
const WINDOW = 32

/** Asks everything that a transcript holds of 127.0.0.1; returns the disagreements. */
export async function compareTranscript(
  title: string,
  port: number,
): Promise<{ asked: number; found: string[] }> {
  const all = readTranscript(readFileSync(`${folder}${title}.txt`, 'utf8')).filter(
    (recorded) => fold(recorded.qname) !== PUBLISHED_BY_FLAG,
  )
  const found: string[] = []
  const queue = all.map((recorded, i) => ({ recorded, id: i & 0xffff }))
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const difference = await compareOne(next.recorded, next.id, port)
      if (difference !== undefined) found.push(`${title}.txt:${difference}`)
    }
  }
  await Promise.all(Array.from({ length: WINDOW }, lane))
  return { asked: all.length, found }
}

async function compareOne(
  recorded: Recorded,
  id: number,
  port: number,
): Promise<string | undefined> {
  const packet = packetOf(recorded, id)
  const route = { to: '127.0.0.1', port, timeoutMs: 30_000 }
  const [answer] = recorded.options.includes('+tcp')
    ? await askByTcp(route, [framed(packet)], (messages) => messages.length > 0)
    : await askByUdp(route, [packet], 1)
  if (answer === undefined) return `${recorded.line}: no answer`
  const { head, records } = describe(answer)
  const want = [recorded.head, ...[...recorded.records].sort()].join('\n    ')
  const have = [head, ...records.sort()].join('\n    ')
  return want === have ? undefined : `${recorded.line}: want\n    ${want}\n  have\n    ${have}`
}
