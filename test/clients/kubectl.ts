import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../../src/sandbox/index.ts'
import { binary } from './kapi.ts'

/** Debian's kubectl as `.ci/run` unpacks it, and the one on PATH, where they are there. */
export function kubectls(): string[] {
  const debian = fileURLToPath(new URL('../../.muster/debian/usr/bin/kubectl', import.meta.url))
  const paths = [existsSync(debian) ? debian : undefined, binary('kubectl')]
  return paths.filter((path) => path !== undefined)
}

/** One kubectl against one cluster, in a folder and a home of its own. */
export class Kubectl {
  readonly path: string
  readonly folder: string
  readonly #env: Record<string, string>

  constructor(path: string, cluster: Cluster) {
    this.path = path
    this.folder = mkdtempSync(join(tmpdir(), 'muster-kubectl-'))
    mkdirSync(join(this.folder, 'home'))
    const KUBECONFIG = this.file('kubeconfig', cluster.kubeconfig)
    this.#env = {
      PATH: process.env.PATH ?? '',
      HOME: join(this.folder, 'home'),
      KUBECONFIG,
      KUBE_EDITOR: 'sed -i s/before/after/',
    }
  }

  /** The minor version of the client. */
  async minor(): Promise<number> {
    const { clientVersion } = JSON.parse(await this.run('version --client -o json'))
    return Number.parseInt(clientVersion.minor, 10)
  }

  /** What a command prints on both outputs, trimmed. Words are parted by blanks; `extra` are whole words. */
  run(words: string, ...extra: string[]): Promise<string> {
    return new Promise((resolve) => {
      const all = [...words.split(' '), ...extra]
      const options = { env: this.#env, cwd: this.folder, timeout: 120_000 }
      execFile(this.path, all, options, (_error, stdout, stderr) =>
        resolve(`${stdout}${stderr}`.trim()),
      )
    })
  }

  /** The lines of a command that goes on, as they come; `end` ends it. */
  follow(words: string): { lines: string[]; until(line: RegExp): Promise<void>; end(): void } {
    const child = spawn(this.path, words.split(' '), { env: this.#env, cwd: this.folder })
    const lines: string[] = []
    const looks = new Set<() => void>()
    let rest = ''
    child.stdout.on('data', (part: Buffer) => {
      const all = (rest + part).split('\n')
      rest = all.pop() ?? ''
      lines.push(...all)
      for (const look of looks) look()
    })
    const until = (line: RegExp) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!lines.some((one) => line.test(one))) return
          looks.delete(look)
          resolve()
        }
        looks.add(look)
        look()
      })
    return { lines, until, end: () => void child.kill() }
  }

  /** Writes a file into the folder; returns its path. */
  file(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text)
    return join(this.folder, name)
  }

  clean(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
