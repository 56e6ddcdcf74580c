import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLASS } from '../../src/wire/codes.ts'
import { askByTcp, askByUdp, framed } from '../parity/exchange.ts'
import { describe, packetOf, readTranscript } from '../parity/transcript.ts'
import { addressOf, type Distribution, pagesOf, portOf, questionsOf } from './landscape.ts'

/** The Pod that questions with `+pod` come from. */
const POD = '10.244.3.9'
const ANSWER_MS = 30_000

/** Asks all that is asked of a distribution, and tells it in the form of the recordings. */
export async function transcriptOf(distribution: Distribution, readyMs: number): Promise<string> {
  const pages = pagesOf(distribution)
  const patience = Date.now() + readyMs
  for (const page of pages)
    while ((await fetch(page))?.status !== 200 && Date.now() < patience) await sleep(50)
  const lines: string[] = []
  for (const question of questionsOf(distribution))
    lines.push(`? ${question}`, ...(await ask(question, distribution)))
  for (const page of pages) lines.push(`? http://${page}`, ...told(await fetch(page)))
  return `${lines.join('\n')}\n`
}

async function ask(question: string, distribution: Distribution): Promise<string[]> {
  const [recorded] = readTranscript(`? ${question}`)
  if (recorded === undefined) throw new Error(question)
  const packet = packetOf(recorded, 4711)
  if (recorded.options.includes('+ch')) packet.writeUInt16BE(CLASS.CH, packet.length - 2)
  const from = recorded.options.includes('+pod') ? POD : undefined
  const route = {
    to: addressOf(distribution),
    port: portOf(distribution),
    from,
    timeoutMs: ANSWER_MS,
  }
  const [answer] = recorded.options.includes('+tcp')
    ? await askByTcp(route, [framed(packet)], (messages) => messages.length > 0)
    : await askByUdp(route, [packet], 1)
  if (answer === undefined) return ['> silence']
  const { head, records } = describe(answer)
  return [`> ${head}`, ...records]
}

interface Page {
  readonly status: number
  readonly body: string
}

function fetch(page: string): Promise<Page | undefined> {
  return new Promise((resolve) => {
    get(`http://${page}`, { agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    }).on('error', () => resolve(undefined))
  })
}

/** Of metrics their names and types, of other pages the body. */
function told(page: Page | undefined): string[] {
  if (page === undefined) return ['> nobody listens']
  const types = [...page.body.matchAll(/^# TYPE (coredns_\S+ \S+)$/gm)].map(
    ([, type]) => `: ${type}`,
  )
  return [`> ${page.status}`, ...(types.length > 0 ? types.sort() : [`: ${page.body}`])]
}
