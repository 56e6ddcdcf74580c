import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const here = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(`${here}plugins`).sort()

/** Children at a time, each in a network namespace of its own because the recordings' ports are fixed. */
const LANES = 4

/**
 * Runs one scenario in a child: in a network namespace where the machine allows it, as root or by a user namespace, else in this one, one after the other.
 */
function run(name: string, isolated: boolean): Promise<{ code: number | null; output: string }> {
  const script = `${process.execPath} --no-warnings ${here}run-scenario.ts ${here}plugins/${name}`
  const inside = `ip link set lo up && exec ${script}`
  const [command, args]: [string, string[]] = isolated
    ? ['unshare', ['-rn', 'sh', '-c', inside]]
    : ['sh', ['-c', `exec ${script}`]]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    output += text
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}

async function canIsolate(): Promise<boolean> {
  const child = spawn('unshare', ['-rn', 'sh', '-c', 'ip link set lo up'], { stdio: 'ignore' })
  return new Promise((resolve) => {
    child.on('error', () => resolve(false))
    child.on('close', (code) => resolve(code === 0))
  })
}

const isolated = await canIsolate()
t.comment(isolated ? 'a network namespace each' : 'no network namespaces here: one after the other')

const queue = [...names]
const results = new Map<string, { code: number | null; output: string }>()
async function lane(): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    results.set(name, await run(name, isolated))
  }
}
await Promise.all(Array.from({ length: isolated ? LANES : 1 }, lane))

for (const name of names) {
  const { code, output } = results.get(name) ?? { code: null, output: '' }
  t.equal(code, 0, `${name} agrees with the recording`, { output })
}
