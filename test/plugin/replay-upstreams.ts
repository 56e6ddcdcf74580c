import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PluginModule } from '../../src/plugin/setup.ts'
import { differences } from '../parity/compare.ts'
import { inTime } from '../parity/in-time.ts'
import { type Rule, Upstream } from '../parity/upstream.ts'
import { freePort } from '../ports.ts'
import { arrangeAll, type Chain } from './harness.ts'

interface Asked {
  readonly proto?: 'tcp'
  readonly from?: string
  readonly wait?: number
  readonly gap?: number
  readonly ordered?: boolean
  readonly volatile?: string[]
}

export interface Recording {
  readonly corefile: string
  readonly serial?: boolean
  readonly upstreams?: Record<string, readonly Rule[]>
  readonly exchanges: readonly {
    readonly q?: Asked
    readonly query?: string
    readonly response?: string | null
    readonly datagrams?: readonly string[]
    readonly responses?: readonly string[]
  }[]
}

/** Stands for directives that only choose addresses to listen on: there are none here. */
export const bind: PluginModule = { name: 'bind', setup: () => undefined }

/** A port of the loopback address where nothing listens. */
export const deadPort = freePort

/**
 * Asks what a recording of test/parity/plugins asks of a chain without listeners but with its scripted upstreams, on ports of their own. Returns the
 * disagreements, one sentence each.
 */
export async function replayWithUpstreams(
  recording: string,
  modules: readonly PluginModule[],
): Promise<string[]> {
  const file = new URL(`../parity/plugins/${recording}.json`, import.meta.url)
  return replayScenario(JSON.parse(readFileSync(file, 'utf8')) as Recording, modules)
}

/** The same for a recording that lies elsewhere. */
export function replayScenario(
  scenario: Recording,
  modules: readonly PluginModule[],
): Promise<string[]> {
  return inTime(
    () => replayOnce(scenario, modules),
    (found) => found.length === 0,
  )
}

async function replayOnce(
  scenario: Recording,
  modules: readonly PluginModule[],
): Promise<string[]> {
  let corefile = scenario.corefile.replaceAll('{{port}}', '5500')
  corefile = corefile.replaceAll('{{dead}}', `127.0.0.1:${await deadPort()}`)
  const upstreams: Upstream[] = []
  for (const [place, rules] of Object.entries(scenario.upstreams ?? {})) {
    const upstream = await Upstream.start('127.0.0.1:0', rules)
    upstreams.push(upstream)
    corefile = corefile.replaceAll(`{{${place}}}`, upstream.address)
  }
  const chain = await arrangeAll(corefile, [bind, ...modules])
  await chain.start()
  try {
    return await ask(chain, scenario)
  } finally {
    await chain.stop()
    for (const upstream of upstreams) await upstream.close()
  }
}

async function ask(chain: Chain, scenario: Recording): Promise<string[]> {
  const found: string[] = []
  for (const [i, exchange] of scenario.exchanges.entries()) {
    const { q = {}, query, datagrams } = exchange
    if (q.wait !== undefined) await sleep(q.wait)
    const messages = datagrams ?? (query === undefined ? [] : [query])
    const expected = exchange.responses ?? [exchange.response ?? null]
    const rules = { ...q, serial: scenario.serial === true }
    const answers = await Promise.all(
      messages.map(async (message, n) => {
        await sleep(n * (q.gap ?? 0))
        const answer = await chain.send(Buffer.from(message, 'hex'), {
          transport: q.proto ?? 'udp',
          ...(q.from !== undefined && { from: q.from }),
        })
        return answer === undefined ? undefined : Buffer.from(answer)
      }),
    )
    for (const text of disagreements(expected, answers, rules)) {
      found.push(`exchange ${i} (${JSON.stringify(q)}): ${text}`)
    }
  }
  return found
}

/** Answers to several messages are matched by id. */
function disagreements(
  expected: readonly (string | null)[],
  answers: readonly (Buffer | undefined)[],
  rules: Parameters<typeof differences>[2],
): string[] {
  return expected.flatMap((hex) => {
    if (hex === null) return answers[0] === undefined ? [] : ['silence expected']
    const wanted = Buffer.from(hex, 'hex')
    const answer = answers.find((one) => one?.readUInt16BE(0) === wanted.readUInt16BE(0))
    return answer === undefined ? ['no answer'] : differences(wanted, answer, rules)
  })
}
