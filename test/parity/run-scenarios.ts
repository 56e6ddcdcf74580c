// Runs recorded scenarios in this process, one after the other: node run-scenarios.ts FILE... One line of JSON for each: its name, and what disagrees.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import { inTime } from './in-time.ts'
import { layOut, loadScenario, PLACES, runExchanges } from './scenario.ts'
import { Upstream } from './upstream.ts'

/** Milliseconds after the start before the first exchange, where the scenario names none. */
const SETTLE_MS = 60

const files = process.argv.slice(2).map((file) => resolve(file))
const environment = { ...process.env }
for (const file of files) {
  const result = await inTime(
    () => run(file),
    ({ found }) => found.length === 0,
  )
  console.log(JSON.stringify(result))
}

interface Result {
  name: string
  found: string[]
  log: string
}

/** What is found disagreeing comes with the server's log. */
async function run(file: string): Promise<Result> {
  const scenario = loadScenario(file)
  const directory = mkdtempSync(join(tmpdir(), 'muster-parity-'))
  process.chdir(directory)
  layOut(scenario, directory)
  const path = join(directory, 'Corefile')
  const upstreams = await Promise.all(
    Object.entries(scenario.upstreams ?? {}).map(([place, rules]) =>
      Upstream.start(PLACES[place] ?? '', rules),
    ),
  )
  const log: string[] = []
  const server = new Server({
    log: createLogger({ write: (line) => void log.push(line) }),
    environment: { ...environment, ...scenario.env },
    workingDirectory: directory,
    threads: 1,
  })
  let found: string[]
  try {
    await server.start(() => ({ text: readFileSync(path, 'utf8'), path }))
    await sleep(scenario.settle ?? SETTLE_MS)
    found = await runExchanges(scenario, directory)
  } catch (error) {
    found = [String(error)]
  }
  await server.stop()
  await Promise.all(upstreams.map((upstream) => upstream.close()))
  process.chdir(tmpdir())
  rmSync(directory, { recursive: true })
  return { name: scenario.name, found, log: found.length > 0 ? log.join('') : '' }
}
