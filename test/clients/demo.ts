import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../ports.ts'

/** The checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Debian's kubectl, as .ci/run unpacks it, and those of the machine. */
export const kubectls = [
  `${root}.muster/debian/usr/bin/kubectl`,
  '/usr/bin/kubectl',
  '/usr/local/bin/kubectl',
].filter((path) => existsSync(path))

/** A program is built, or npm starts, on a machine that has other things to do. */
const COMMAND_MS = 600_000

export interface Result {
  readonly code: number
  readonly output: string
}

/** Runs a shell command in the checkout; its output is both streams', trimmed. */
export function sh(command: string, environment: Record<string, string> = {}): Promise<Result> {
  const options = { cwd: root, timeout: COMMAND_MS, env: { ...process.env, ...environment } }
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1)
      resolve({ code, output: (stdout + stderr).trim() })
    })
  })
}

/** A demonstration of its own, run from the sources, beside whatever runs in the checkout. */
export interface Demo {
  readonly dns: number
  /** Its kubeconfig. */
  readonly kubeconfig: string
  /** `muster shell` for it, up to its own arguments. */
  readonly shell: string
  /** `muster explain` likewise. */
  readonly explain: string
  stop(): Promise<void>
}

/** Flags for pages of its own. */
export async function pagePorts(): Promise<string[]> {
  return ['-page.port', String(await freePort()), '-explain.port', String(await freePort())]
}

export async function startDemo(): Promise<Demo> {
  const [dns, api, pages] = [await freePort(), await freePort(), await pagePorts()]
  const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'))
  const muster = ['--no-warnings', `${root}src/main.ts`]
  const ports = ['-dns.port', String(dns), '-api.port', String(api), ...pages]
  const child = spawn(process.execPath, [...muster, 'demo', ...ports], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await started(child)
  return {
    dns,
    kubeconfig: join(folder, '.muster/kubeconfig'),
    shell: `${process.execPath} ${muster.join(' ')} shell --dns.port ${dns}`,
    explain: `${process.execPath} ${muster.join(' ')} explain --at localhost:${pages.at(-1)}`,
    stop: async () => {
      const closed = new Promise((resolve) => child.on('close', resolve))
      child.kill('SIGINT')
      await closed
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** @throws Error with what it printed, where it ended instead */
function started(child: ChildProcess): Promise<void> {
  let text = ''
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer) => {
      text += chunk
      if (text.includes('Ctrl-C ends it')) resolve()
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.on('close', () => reject(new Error(text)))
  })
}
