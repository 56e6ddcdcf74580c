import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import t from 'tap'
import { hasEnded } from '../ended.ts'
import { freePort } from '../ports.ts'
import { pagePorts, type Result, root, sh } from './demo.ts'

/** A newcomer's path, each step of it as README.md and the demonstration itself say, with the time that it takes. `npm test`, its other command, is timed by .ci/run. */
t.setTimeout(3_600_000)
const CHROMIUM = '/usr/bin/chromium'
const PATIENCE_MS = 60_000
/** Packages may come over a slow line. */
const INSTALL_MS = 900_000

const folder = mkdtempSync(join(tmpdir(), 'muster-newcomer-'))
const clone = join(folder, 'muster')
let demo: ChildProcess | undefined
t.teardown(() => {
  if (demo !== undefined && !hasEnded(demo)) {
    process.kill(-(demo.pid as number), 'SIGKILL')
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const took: (readonly [string, number])[] = []

async function timed<T>(step: string, run: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await run()
  took.push([step, (performance.now() - began) / 1000])
  return result
}

/** Runs in the clone, with none of this checkout's programs on PATH. */
function there(command: string): Promise<Result> {
  const PATH = (process.env.PATH ?? '')
    .split(':')
    .filter((entry) => !entry.startsWith(root))
    .join(':')
  const options = { cwd: clone, timeout: INSTALL_MS, env: { ...process.env, PATH } }
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], options, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : Number(error.code ?? 1),
        output: (stdout + stderr).trim(),
      })
    })
  })
}

/** `npm start`, which goes on; what it has printed when it is ready. */
function start(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const child = spawn('npm', ['start', '--', ...words], { cwd: clone, detached: true })
    demo = child
    const take = (chunk: Buffer) => {
      text += chunk
      if (text.includes('Ctrl-C ends it')) resolve(text)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('close', (code) => reject(new Error(`npm start ended with ${code}: ${text}`)))
  })
}

/** Opens the page that is printed, and waits until it shows figures of the running server. */
async function look(url: string): Promise<string> {
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  })
  try {
    context.setDefaultTimeout(PATIENCE_MS)
    const [page = await context.newPage()] = context.pages()
    await page.goto(url)
    await page.locator('#stream[data-state="live"]').waitFor()
    await page.locator('#watches .state', { hasText: 'fresh' }).first().waitFor()
    return (await page.locator('#watches').textContent()) ?? ''
  } finally {
    await context.close()
  }
}

const skip = !existsSync(join(root, '.git')) && 'this is no clone'

t.test('from a clone to an explanation', { skip }, async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [, install, run] = /^ {4}(npm ci) && (npm start)$/m.exec(readme) ?? []
  t.equal(`${install} && ${run}`, 'npm ci && npm start', 'as README.md says')

  const cloned = await timed('git clone', () => sh(`git clone -q '${root}' '${clone}'`))
  t.equal(cloned.code, 0, cloned.output)
  const fetched = '--fetch-retries 5 --no-audit --no-fund'
  const installed = await timed('npm ci', () => there(`npm ci ${fetched}`))
  t.equal(installed.code, 0, `the packages are there\n${installed.output.slice(-2000)}`)

  const ports = { dns: await freePort(), api: await freePort() }
  const flags = ['-dns.port', String(ports.dns), '-api.port', String(ports.api)]
  const printed = await timed('npm start', async () => start([...flags, ...(await pagePorts())]))

  const [first = 'false'] = printed.match(/^ {2}dig [^#\n]*/m) ?? []
  const { output } = await timed('the first dig', () => there(first))
  t.match(output, /^10\.43\.\d+\.\d+$/, first)

  const url = /^The live page: (\S+)$/m.exec(printed)?.[1] ?? ''
  if (existsSync(CHROMIUM)) {
    const watches = await timed('the live page', () => look(url))
    t.match(watches, /fresh/)
  } else t.comment(`no ${CHROMIUM}: the page is not looked at`)

  const [, why = 'false'] = /^ {2}(npm run -s explain [^#\n]*?) +#/m.exec(printed) ?? []
  const told = await timed('an explanation', () => there(why))
  t.match(told.output, /There is no Namespace shpo\. There is shop\./, why)

  for (const [step, seconds] of took) t.comment(`${step}: ${seconds.toFixed(1)} s`)
  const all = took.reduce((sum, [, seconds]) => sum + seconds, 0)
  t.comment(`all together: ${all.toFixed(1)} s`)
})
