import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { freePort } from '../ports.ts'

interface Entry {
  readonly name: string
  readonly corefile: string
  readonly files?: Readonly<Record<string, string>>
  readonly exit: number | null
  readonly stream: 'stdout' | 'stderr'
  readonly output: readonly string[]
  readonly textVaries?: boolean
  readonly timeout?: number
}

const here = fileURLToPath(new URL('.', import.meta.url))
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const entries: Entry[] = JSON.parse(readFileSync(`${here}corefile-errors.json`, 'utf8'))

const cache = mkdtempSync(join(tmpdir(), 'muster-cache-'))
t.teardown(() => rmSync(cache, { recursive: true, force: true }))

/** Processes at a time. */
const LANES = 3
/** Milliseconds that a server has to print what it should; one that should run is ended once it has. */
const PATIENCE_MS = 120_000

/** Lines that every start prints. */
const BANNER = /^(Muster-|linux\/|maxprocs: )/
/** Where the reference's message ends with the words of its language's parsers. */
const PARSER_WORDS = /(strconv\.|time: |error parsing regexp: |lookup ).*/

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function run(entry: Entry): Promise<{ result: Result; fill: (text: string) => string }> {
  const directory = mkdtempSync(join(tmpdir(), 'muster-errors-'))
  const port = await freePort()
  const fill = (text: string) =>
    text
      .replaceAll('{{dir}}', directory)
      .replaceAll('{{port}}', String(port))
      .replace(/\b5500\b/g, String(port))
  for (const [file, content] of Object.entries({ ...entry.files, Corefile: entry.corefile })) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), fill(content))
  }
  const child = spawn(
    process.execPath,
    ['--no-warnings', main, '-conf', join(directory, 'Corefile')],
    {
      cwd: directory,
      // Types are stripped once, not for each of the processes.
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  const last = fill(entry.output.at(-1) ?? '')
  child.stdout.on('data', () => {
    if (entry.exit === null && stdout.includes(last)) child.kill('SIGKILL')
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  rmSync(directory, { recursive: true })
  return { result: { code, stdout, stderr }, fill }
}

/** The message without what varies: process ids, ports, and what a language's parsers say. */
const common = (line: string) =>
  line
    .replace(PARSER_WORDS, '')
    .replace(/:\d{4,5} ->.*/, '')
    .trim()

const queue = [...entries]
const results = new Map<string, Awaited<ReturnType<typeof run>>>()
async function lane(): Promise<void> {
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
    results.set(entry.name, await run(entry))
  }
}
await Promise.all(Array.from({ length: LANES }, lane))

for (const entry of entries) {
  t.test(`${entry.name}: exit code and text are CoreDNS's`, async (t) => {
    const { result, fill } = results.get(entry.name) as Awaited<ReturnType<typeof run>>
    t.equal(result.code, entry.exit, result.stderr)
    const lines = result[entry.stream]
      .split('\n')
      .filter((line) => line !== '' && !BANNER.test(line))
    for (const expected of entry.output.map(fill)) {
      const want = entry.textVaries === true ? common(expected).slice(0, 40) : common(expected)
      t.ok(
        lines.some((line) => common(line).startsWith(want)),
        expected,
        { lines, stderr: result.stderr },
      )
    }
  })
}
