import { DEFAULT_ADDRESS } from '../plugin/explain/setup.ts'
import { asksForHelp } from './flags.ts'

export const EXPLAIN_USAGE = `Usage: muster explain [--client ADDRESS] [--at HOST:PORT] [--json] NAME [TYPE]

Asks the server that runs here which way a question takes, what its answer is made from, and what is wrong where there
is none. The server must have the plugin explain in its Corefile; --at says where (${DEFAULT_ADDRESS}).
`

/** How long an explanation may take: it asks upstreams. */
const PATIENCE_MS = 30_000

interface Asked {
  name?: string
  type: string
  client?: string
  at: string
  json: boolean
}

/** Asks a running server's explain page. Returns the exit code: 0 for an explanation, 1 for none, 2 for a command line that is none. */
export async function explain(
  words: readonly string[],
  write: (text: string) => void,
): Promise<0 | 1 | 2> {
  const asked = parse(words)
  if (asked?.name === undefined) {
    write(EXPLAIN_USAGE)
    return asksForHelp(words) ? 0 : 2
  }
  const { name, type, client, at, json } = asked
  const query = new URLSearchParams({ name, type, format: json ? 'json' : 'text' })
  if (client !== undefined) query.set('client', client)
  let response: Response
  try {
    response = await fetch(`http://${at}/explain?${query}`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  } catch (error) {
    write(nobody(at, error as Error))
    return 1
  }
  if (response.status === 404) {
    write(`What answers at ${at} has no explain page: ${WHERE}\n`)
    return 1
  }
  write(await response.text())
  return response.ok ? 0 : 1
}

const WHERE =
  'write `explain` into a server block of the Corefile, or say with --at where the page is.'

function nobody(at: string, { name, message, cause }: Error): string {
  if (name === 'TimeoutError') return `${at} did not answer within ${PATIENCE_MS / 1000} s\n`
  const { code } = (cause ?? {}) as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return `There is no explain page at ${at}: ${WHERE}\n`
  return `${at} cannot be asked (${(cause as Error | undefined)?.message || message}): ${WHERE}\n`
}

function parse(words: readonly string[]): Asked | undefined {
  const asked: Asked = { type: 'A', at: DEFAULT_ADDRESS, json: false }
  const rest: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    const [, flag, given] = /^--?(client|at)(?:=([\s\S]*))?$/.exec(word) ?? []
    if (flag !== undefined) {
      const value = given ?? words[++i]
      if (value === undefined) return undefined
      if (flag === 'at') asked.at = value.startsWith(':') ? `localhost${value}` : value
      else asked.client = value
    } else if (/^--?json$/.test(word)) asked.json = true
    else if (word.startsWith('-')) return undefined
    else rest.push(word)
  }
  if (rest.length === 0 || rest.length > 2) return undefined
  asked.name = rest[0] as string
  asked.type = rest[1] ?? 'A'
  return asked
}
