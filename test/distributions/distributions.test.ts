import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { DISTRIBUTIONS } from './landscape.ts'

// Each NAME.Corefile is a distribution's own, NAME.txt what CoreDNS 1.14.7 answered with it over cluster.ts, in the form of test/parity/kubernetes. Ports,
// /etc/resolv.conf, the Service account's files and absolute imports are where the Corefile expects them, so it takes namespaces.

const here = fileURLToPath(new URL('.', import.meta.url))
const ISOLATION = ['-rnmu', 'sh', `${here}isolate.sh`, process.execPath]
/** Milliseconds for all distributions. */
const PATIENCE_MS = 800_000

t.setTimeout(PATIENCE_MS + 10_000)

interface Result {
  readonly name: string
  readonly transcript: string
  readonly log: string
  /** How long the answers took: a kept one may have counted down as much more than when it was recorded. */
  readonly seconds: number
}

const names = readdirSync(here)
  .filter((file) => file.endsWith('.Corefile'))
  .map((file) => file.replace('.Corefile', ''))
t.strictSame(names.sort(), Object.keys(DISTRIBUTIONS).sort(), 'every Corefile here is asked')

const namespaces = await run('unshare', [...ISOLATION, '--eval', ''])
const skip = namespaces.status === 0 ? false : `no namespaces here: ${namespaces.problems.trim()}`

t.test(
  'Corefiles of distributions run as they are, and answer as recorded',
  { skip },
  async (t) => {
    const { output, problems } = await run('unshare', [...ISOLATION, `${here}serve.ts`, ...names])
    const results = new Map(
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Result)
        .map((result) => [result.name, result]),
    )
    for (const name of names) {
      const result = results.get(name)
      const { transcript = 'it did not finish', log = problems, seconds = 0 } = result ?? {}
      const expected = readFileSync(`${here}${name}.txt`, 'utf8')
      const [want, have] = [exchanges(expected), exchanges(transcript)]
      const found = [...want].filter(
        ([question, lines]) => !agree(lines, have.get(question) ?? [], seconds),
      )
      const told = found.map(([question, lines]) => ({
        question,
        want: lines,
        have: have.get(question),
      }))
      t.strictSame(told, [], `${name}: all ${want.size} answers are the recorded ones`, { log })
    }
  },
)

/** The lines below each question. */
function exchanges(transcript: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of transcript.trimEnd().split('\n')) {
    if (line.startsWith('? ')) {
      lines = []
      found.set(line, lines)
    } else lines.push(line)
  }
  return found
}

/** Metrics may be more than recorded, kept answers a little older, all else is the same. */
function agree(want: readonly string[], have: readonly string[], seconds: number): boolean {
  if (want.some((line) => line.startsWith(': coredns_')))
    return want.every((line) => have.includes(line))
  return (
    want.length === have.length && want.every((line, i) => sameLine(line, have[i] ?? '', seconds))
  )
}

function sameLine(want: string, have: string, seconds: number): boolean {
  if (want === have) return true
  const [mark, owner, ttl, ...rest] = want.split(' ')
  const [mark2, owner2, ttl2, ...rest2] = have.split(' ')
  const older = Number(ttl) - Number(ttl2)
  const rdata = mark === mark2 && owner === owner2 && rest.join(' ') === rest2.join(' ')
  return rdata && older > 0 && older <= seconds + 1
}

function run(
  command: string,
  args: readonly string[],
): Promise<{ status: number | null; output: string; problems: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  let [output, problems] = ['', '']
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    problems += text
  })
  return new Promise((resolve) => {
    const end = (status: number | null) => {
      clearTimeout(timer)
      resolve({ status, output, problems })
    }
    child.on('error', () => end(null))
    child.on('close', end)
  })
}
