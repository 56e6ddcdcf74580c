// Runs one recorded scenario in this process: node run-scenario.ts FILE. Exit code 0 and no output when every exchange agrees.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import { layOut, loadScenario, PLACES, runExchanges } from './scenario.ts'
import { Upstream } from './upstream.ts'

/** Milliseconds after the start before the first exchange, where the scenario names none. */
const SETTLE_MS = 60

const scenario = loadScenario(process.argv[2] ?? '')
const directory = mkdtempSync(join(tmpdir(), 'muster-parity-'))
process.chdir(directory)
layOut(scenario, directory)
const path = join(directory, 'Corefile')
Object.assign(process.env, scenario.env)

const upstreams = await Promise.all(
  Object.entries(scenario.upstreams ?? {}).map(([place, rules]) =>
    Upstream.start(PLACES[place] ?? '', rules),
  ),
)
const log: string[] = []
const server = new Server({
  log: createLogger({ write: (line) => void log.push(line) }),
  environment: { ...process.env },
  workingDirectory: directory,
  print: () => {},
})
await server.start(() => ({ text: readFileSync(path, 'utf8'), path }))
await sleep(scenario.settle ?? SETTLE_MS)
const found = await runExchanges(scenario, directory)
await server.stop()
await Promise.all(upstreams.map((upstream) => upstream.close()))
rmSync(directory, { recursive: true })
for (const difference of found) console.log(`${scenario.name}: ${difference}`)
if (found.length > 0) console.log(log.join(''))
process.exitCode = found.length > 0 ? 1 : 0
