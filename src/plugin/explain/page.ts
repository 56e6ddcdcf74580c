import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { HttpListeners, Page } from '../../admin/http.ts'
import { typeFromText } from '../../wire/codes.ts'
import { nameFromText } from '../../wire/name.ts'
import { guarded } from '../guard.ts'
import type { Setup } from '../setup.ts'
import { formatProblem, say, sayJson, wantsJson } from './say.ts'
import { explanationText } from './text.ts'

/** Explanations under way at a time: each asks the API and upstreams. */
export const MAX_WALKS = 4
const PATH = '/explain'
const USAGE =
  'Ask with /explain?name=NAME[&type=TYPE][&client=ADDRESS][&format=text|json], such as /explain?name=web.shop.svc.cluster.local\n'

type Ask = NonNullable<Setup['walk']>

/** Puts the page /explain at an address; returns what takes it away. */
export function openExplainPage(
  address: string,
  walk: Ask,
  http: HttpListeners,
): Promise<() => Promise<void>> {
  return http.add(address, PATH, guarded(explainPage(walk)))
}

/** Answers `?name=…` with an explanation. */
export function explainPage(walk: Ask): Page {
  let walks = 0
  return async (request, response) => {
    const asked = parse(request)
    if (typeof asked === 'string') return say(response, 400, `${asked}\n${USAGE}`)
    if (walks >= MAX_WALKS) return say(response, 503, 'other explanations are under way\n')
    walks++
    try {
      const found = await walk(asked)
      if (asked.json) sayJson(response, found)
      else say(response, 200, explanationText(found))
    } finally {
      walks--
    }
  }
}

/** What is asked, or what is wrong with that. */
function parse(request: IncomingMessage): (Parameters<Ask>[0] & { json: boolean }) | string {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const text = searchParams.get('name') ?? ''
  if (text === '') return 'no name was given'
  const qname = nameFromText(text.endsWith('.') ? text : `${text}.`)
  if (qname === undefined) return `${text} is no domain name`
  const word = (searchParams.get('type') || 'A').toUpperCase()
  const qtype = typeFromText(word)
  if (qtype === undefined) return `${word} is no type of records`
  const client = searchParams.get('client') || '127.0.0.1'
  if (isIP(client) === 0) return `${client} is no address`
  const problem = formatProblem(searchParams)
  if (problem !== undefined) return problem
  return { qname, qtype, client, json: wantsJson(searchParams, request) }
}
