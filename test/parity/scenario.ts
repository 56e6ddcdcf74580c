import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMessage } from '../../src/wire/reader.ts'
import { differences, recordDifferences } from './compare.ts'
import { askByTcp, askByUdp, fetchPage, framed, type Route } from './exchange.ts'
import type { Rule } from './upstream.ts'

interface Exchange {
  readonly q?: {
    readonly proto?: 'tcp'
    readonly from?: string
    readonly fromPort?: number
    readonly to?: string
    readonly port?: string
    readonly write?: Readonly<Record<string, string>>
    readonly wait?: number
    readonly timeout?: number
    readonly gap?: number
    readonly ordered?: boolean
    readonly volatile?: readonly string[]
    readonly note?: string
  }
  readonly query?: string
  readonly response?: string | null
  readonly responses?: readonly string[]
  readonly stream?: readonly string[]
  readonly datagrams?: readonly string[]
  readonly http?: {
    readonly port: string
    readonly path: string
    readonly grep?: string
    readonly wait?: number
  }
  readonly status?: number
  readonly body?: string
}

/** A recorded scenario. */
export interface Scenario {
  readonly name: string
  readonly plugin: string
  readonly corefile: string
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly upstreams?: Readonly<Record<string, readonly Rule[]>>
  readonly settle?: number
  readonly listens?: readonly string[]
  readonly serial?: boolean
  readonly exchanges: readonly Exchange[]
}

/** The placeholders of the recordings, with the values used when recording: a few answers hold a port number. */
export const PLACES: Readonly<Record<string, string>> = {
  port: '5500',
  port2: '5501',
  port3: '5502',
  upstream: '127.0.0.1:5600',
  upstream2: '127.0.0.1:5601',
  upstream3: '127.0.0.1:5602',
  dead: '127.0.0.1:5690',
}

/** Silence is waited for this long where the recording says nothing. */
const SILENCE_MS = 1500
/** An answer that should come may take this long. */
const PATIENCE_MS = 30_000

export const loadScenario = (path: string): Scenario => JSON.parse(readFileSync(path, 'utf8'))

/** A text of the scenario with its placeholders filled in. */
export function fillIn(text: string, directory: string): string {
  return text.replace(/\{\{(\w+)\}\}/g, (all, word: string) =>
    word === 'dir' ? directory : (PLACES[word] ?? all),
  )
}

/** Writes the scenario's files and its Corefile into the directory; returns the Corefile's text. */
export function layOut(scenario: Scenario, directory: string): string {
  const corefile = fillIn(scenario.corefile, directory)
  writeAll({ ...scenario.files, Corefile: corefile }, directory)
  return corefile
}

function writeAll(files: Readonly<Record<string, string>>, directory: string): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, fillIn(content, directory))
  }
}

/** Asks everything in order, of a server that runs on the recording's ports; returns the disagreements, one sentence each. */
export async function runExchanges(scenario: Scenario, directory: string): Promise<string[]> {
  const found: string[] = []
  for (const [i, exchange] of scenario.exchanges.entries()) {
    if (exchange.q?.write !== undefined) writeAll(exchange.q.write, directory)
    const wait = exchange.q?.wait ?? exchange.http?.wait
    if (wait !== undefined) await sleep(wait)
    for (const difference of await runExchange(scenario, exchange)) {
      found.push(
        `exchange ${i} (${exchange.q?.note ?? JSON.stringify(exchange.q ?? exchange.http)}): ${difference}`,
      )
    }
  }
  return found
}

async function runExchange(scenario: Scenario, exchange: Exchange): Promise<string[]> {
  if (exchange.http !== undefined) return runHttp(exchange, exchange.http)
  const { q = {} } = exchange
  const silent = exchange.response === null || exchange.responses?.length === 0
  const route: Route = {
    to: q.to ?? '127.0.0.1',
    port: Number(PLACES[q.port ?? 'port']),
    from: q.from,
    fromPort: q.fromPort,
    timeoutMs: q.timeout ?? (silent ? SILENCE_MS : PATIENCE_MS),
  }
  const rules = {
    serial: scenario.serial === true,
    ordered: q.ordered === true,
    volatile: q.volatile ?? [],
  }
  if (exchange.stream !== undefined || exchange.datagrams !== undefined)
    return runMany(exchange, route, rules)
  const query = Buffer.from(exchange.query ?? '', 'hex')
  if (exchange.responses !== undefined) return runTransfer(query, exchange.responses, route, rules)
  const answers =
    q.proto === 'tcp'
      ? await askByTcp(route, [framed(query)], (messages) => messages.length > 0)
      : await askByUdp(route, [query], 1)
  return compareOne(exchange.response ?? null, answers[0], rules)
}

function compareOne(
  expected: string | null,
  answer: Buffer | undefined,
  rules: Parameters<typeof differences>[2],
): string[] {
  if (expected === null)
    return answer === undefined ? [] : [`silence expected, not ${answer.toString('hex')}`]
  if (answer === undefined) return ['no answer']
  return differences(Buffer.from(expected, 'hex'), answer, rules)
}

async function runMany(
  exchange: Exchange,
  route: Route,
  rules: Parameters<typeof differences>[2],
): Promise<string[]> {
  const expected = (exchange.responses ?? []).map((hex) => Buffer.from(hex, 'hex'))
  const pieces = (exchange.stream ?? exchange.datagrams ?? []).map((hex) => Buffer.from(hex, 'hex'))
  const enough = (messages: readonly Buffer[]) =>
    expected.length > 0 && messages.length >= expected.length
  const answers =
    exchange.stream === undefined
      ? await askByUdp(route, pieces, expected.length, exchange.q?.gap)
      : await askByTcp(route, pieces, enough, exchange.q?.gap)
  if (answers.length !== expected.length)
    return [`${expected.length} answers, not ${answers.length}`]
  return expected.flatMap((want) => {
    const have = answers.find((answer) => answer.readUInt16BE(0) === want.readUInt16BE(0))
    return have === undefined
      ? [`no answer with id ${want.readUInt16BE(0)}`]
      : differences(want, have, rules)
  })
}

async function runTransfer(
  query: Buffer,
  responses: readonly string[],
  route: Route,
  rules: NonNullable<Parameters<typeof differences>[2]>,
): Promise<string[]> {
  const expected = responses.map((hex) => readMessage(Buffer.from(hex, 'hex')))
  const records = expected.flatMap((message) => message.answer)
  const count = (messages: readonly Buffer[]) =>
    messages.reduce((sum, message) => sum + readMessage(message).answer.length, 0)
  const enough = (messages: readonly Buffer[]) =>
    records.length === 0 ? messages.length > 0 : count(messages) >= records.length
  const answers = (await askByTcp(route, [framed(query)], enough)).map((message) =>
    readMessage(message),
  )
  if (answers.length === 0) return [expected.length === 0 ? '' : 'no answer'].filter(Boolean)
  const found = recordDifferences(
    'transfer',
    records,
    answers.flatMap((message) => message.answer),
    rules,
  )
  if (expected[0]?.flags !== answers[0]?.flags) {
    found.push(`flags: ${expected[0]?.flags.toString(16)}, not ${answers[0]?.flags.toString(16)}`)
  }
  return found
}

async function runHttp(exchange: Exchange, page: NonNullable<Exchange['http']>): Promise<string[]> {
  const { status, body } = await fetchPage(Number(PLACES[page.port]), page.path)
  if (status !== exchange.status) return [`status ${exchange.status}, not ${status}`]
  const lines =
    page.grep === undefined
      ? body
      : body
          .split('\n')
          .filter((line) => new RegExp(page.grep ?? '').test(line))
          .sort()
          .join('\n')
  return lines.trim() === (exchange.body ?? '').trim()
    ? []
    : [`body ${exchange.body}, not ${lines}`]
}
