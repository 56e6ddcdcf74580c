import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasEnded } from '../../ended.ts'
import { freePort } from '../../ports.ts'
import { ask } from './ask.ts'

/** Milliseconds for a server to answer. */
const START_MS = 60_000

/** How a server is run in a folder of its own. */
export interface Kind {
  readonly program: string
  readonly args: readonly string[]
  readonly files: (port: number, folder: string) => Readonly<Record<string, string>>
}

/** A name server of another make, on a free port of 127.0.0.1 and in a temporary folder. */
export class Daemon {
  readonly port: number
  private readonly child: ChildProcess
  private readonly folder: string
  private printed = ''

  /** Starts it and waits until it answers the question (`example.test. SOA`) with NOERROR. @throws what it printed, if it does not */
  static async start(kind: Kind, question: string): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), 'muster-peer-'))
    const port = await freePort()
    for (const [name, text] of Object.entries(kind.files(port, folder)))
      writeFileSync(join(folder, name), text)
    const daemon = new Daemon(kind, folder, port)
    await daemon.answers(question)
    return daemon
  }

  private constructor({ program, args }: Kind, folder: string, port: number) {
    this.port = port
    this.folder = folder
    this.child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (text) => {
        this.printed += text
      })
    }
  }

  private async answers(question: string): Promise<void> {
    for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
      if (this.child.exitCode !== null) break
      if ((await ask(this.port, question, 500))?.rcode === 'NOERROR') return
    }
    await this.stop()
    throw new Error(`it does not answer: ${this.printed}`)
  }

  async stop(): Promise<void> {
    if (!hasEnded(this.child)) {
      const gone = once(this.child, 'exit')
      this.child.kill('SIGTERM')
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000)
      await gone
      clearTimeout(timer)
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
