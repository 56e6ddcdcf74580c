import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../ports.ts'

/** Milliseconds after which a process that says nothing is hung. */
const PATIENCE_MS = 60_000

t.test(
  'a start waits for an API server that refuses connections, and then serves without it',
  async (t) => {
    t.setTimeout(2 * PATIENCE_MS)
    const directory = mkdtempSync(join(tmpdir(), 'muster-unreachable-'))
    const [port, api] = [await freePort(), await freePort()]
    const corefile = join(directory, 'Corefile')
    const lines = [`endpoint http://127.0.0.1:${api}`, 'startup_timeout 1s']
    writeFileSync(corefile, `.:${port} {\nkubernetes cluster.local {\n${lines.join('\n')}\n}\n}\n`)
    const main = new URL('../../src/main.ts', import.meta.url).pathname
    const child = spawn(process.execPath, ['--no-warnings', main, '-conf', corefile], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    t.teardown(async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true })
    })
    const said = await new Promise<string>((resolve) => {
      let text = ''
      const timer = setTimeout(() => resolve(text), PATIENCE_MS)
      const done = () => {
        clearTimeout(timer)
        resolve(text)
      }
      child.once('close', done)
      child.stdout.on('data', (part) => {
        text += part
        if (text.includes('Muster-')) done()
      })
    })
    t.match(said, '[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API\n')
    t.match(said, `\n.:${port}\nMuster-`)
    t.equal(child.exitCode, null)
  },
)
