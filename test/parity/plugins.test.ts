import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const here = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(`${here}plugins`).sort()

/** Children at a time, each in a network namespace of its own because the recordings' ports are fixed. */
const LANES = 3
/** Milliseconds for all scenarios of one child. */
const PATIENCE_MS = 800_000

t.setTimeout(PATIENCE_MS + 20_000)

interface Result {
  readonly name: string
  readonly found: readonly string[]
  readonly log: string
}

/** Runs scenarios in a child: in a network namespace where the machine allows it, as root or by a user namespace, else in this one. */
function run(
  files: readonly string[],
  isolated: boolean,
): Promise<{ results: Result[]; output: string }> {
  const script = [process.execPath, '--no-warnings', `${here}run-scenarios.ts`, ...files].join(' ')
  const [command, args]: [string, string[]] = isolated
    ? ['unshare', ['-rn', 'sh', '-c', `ip link set lo up && exec ${script}`]]
    : ['sh', ['-c', `exec ${script}`]]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  let [output, problems] = ['', '']
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    problems += text
  })
  return new Promise((resolve) =>
    child.on('close', () => {
      clearTimeout(timer)
      const lines = output.split('\n').filter((line) => line.startsWith('{'))
      resolve({ results: lines.map((line) => JSON.parse(line)), output: problems })
    }),
  )
}

async function canIsolate(): Promise<boolean> {
  const child = spawn('unshare', ['-rn', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' })
  return new Promise((resolve) => {
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}

const isolated = await canIsolate()
t.comment(isolated ? 'in network namespaces' : 'no network namespaces here: one after the other')

const lanes: string[][] = Array.from({ length: isolated ? LANES : 1 }, () => [])
names.forEach((name, i) => {
  lanes[i % lanes.length]?.push(`${here}plugins/${name}`)
})
const done = await Promise.all(lanes.map((files) => run(files, isolated)))
const results = new Map(
  done.flatMap(({ results }) => results.map((result) => [result.name, result])),
)

for (const file of names) {
  const name = file.replace(/\.json$/, '')
  const { found, log } = results.get(name) ?? { found: ['it did not finish'], log: '' }
  t.strictSame(found, [], `${name} agrees with the recording`, { log })
}
for (const { output } of done) if (output !== '') t.comment(output)
