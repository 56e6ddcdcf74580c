import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { relaunch } from '../../src/cli/relaunch.ts'
import { freePort } from '../ports.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

t.test(
  'SIGUSR1 reloads, SIGHUP does nothing, SIGINT ends, with the options that Node is started with',
  async (t) => {
    const corefile = join(t.testdir(), 'Corefile')
    writeFileSync(corefile, `.:${await freePort()} {\n bind 127.0.0.1\n whoami\n}\n`)
    const launch = relaunch({ execArgv: ['--no-warnings'], environment: process.env })
    const child = spawn(process.execPath, [...(launch?.args ?? []), main, '-conf', corefile], {
      env: launch?.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    let text = ''
    const said = (what: string) =>
      new Promise<void>((resolve) => {
        const look = () => text.includes(what) && resolve()
        for (const stream of [child.stdout, child.stderr]) stream.on('data', look)
        look()
      })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk
      })
    }
    await said('Muster-')
    child.kill('SIGHUP')
    child.kill('SIGUSR1')
    await said('Reloading complete')
    child.kill('SIGINT')
    const [exitCode] = await once(child, 'exit')
    t.equal(exitCode, 0)
    t.notMatch(text, /Debugger/)
  },
)
