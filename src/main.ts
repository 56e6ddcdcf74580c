import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Flags, parseFlags } from './cli/flags.ts'
import { corefileSource, pluginsText, portOf, versionText } from './cli/run.ts'
import { createVoice } from './cli/voice.ts'
import { fileErrorText } from './corefile/io.ts'
import { stackOf } from './log.ts'
import { giveMemoryBack } from './server/memory.ts'
import { type CorefileSource, Server } from './server.ts'

/** Milliseconds between the ticks of a timer that is there to be there. */
const HOLD_MS = 60_000

const json = process.env.MUSTER_LOG === 'json'
const voice = createVoice(json, {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
})
const { log } = voice

await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<void> {
  if (words[0] === 'check') return runCheck(words.slice(1))
  if (words[0] === 'explain') return runExplain(words.slice(1))
  if (words[0] === 'shell') return runShell(words.slice(1))
  const demo = words[0] === 'demo'
  const parsed = parseFlags(demo ? words.slice(1) : words, demo)
  if (parsed.outcome === 'usage') {
    voice.fail(parsed.text)
    process.exitCode = parsed.exitCode
    return
  }
  const { flags, rest } = parsed
  if (rest.length > 0) return fail(`extra command line arguments: [${rest.join(' ')}]`)
  if (flags.version) return void process.stdout.write(versionText(runtime()))
  if (flags.plugins) return void process.stdout.write(pluginsText())
  try {
    if (demo) {
      const { startDemo } = await import('./demo.ts')
      const running = await startDemo(flags, process.cwd(), (error) =>
        log.error(`embedded cluster: ${(error as Error).message}`),
      )
      await serve(flags, running.corefile, running)
      running.announce()
      if (!flags.quiet) voice.print(running.guide)
    } else
      await serve(
        flags,
        corefileSource(flags.conf, () => readFileSync(0, 'utf8')),
      )
  } catch (error) {
    const { message } = error as Error
    fail(demo ? withOtherPorts(message) : message)
  }
}

/** What to do where something else has a port of the demonstration's, such as another demonstration. */
function withOtherPorts(message: string): string {
  if (!message.endsWith('address already in use')) return message
  return `${message}; to take others: npm start -- -dns.port 1153 -api.port 16444 -page.port 9165 -explain.port 9164`
}

async function runExplain(words: readonly string[]): Promise<void> {
  const { explain } = await import('./cli/explain.ts')
  process.exitCode = await explain(words, (text) => void process.stdout.write(text))
}

async function runShell(words: readonly string[]): Promise<void> {
  const { shell } = await import('./cli/shell.ts')
  const stop = new AbortController()
  // What the terminal sends goes to the shell as well, which knows what to do.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {})
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  process.exitCode = await shell(words, {
    shell: process.env.SHELL,
    say: (text) => void process.stderr.write(text),
    stopped: stop.signal,
  })
}

async function runCheck(words: readonly string[]): Promise<void> {
  const { check } = await import('./cli/check.ts')
  process.exitCode = await check(words, {
    environment: process.env,
    workingDirectory: process.cwd(),
    read: (path) => readFileSync(path === '-' ? 0 : path, 'utf8'),
    write: (text) => void process.stdout.write(text),
  })
}

/** What runs beside the server: closed when that has stopped. */
interface Beside {
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Runs a server until a signal ends it. */
async function serve(flags: Flags, source: CorefileSource, beside?: Beside): Promise<void> {
  const server = new Server({
    log,
    environment: { ...process.env, ...beside?.environment },
    workingDirectory: process.cwd(),
    print: flags.quiet ? undefined : (line) => voice.print(`${line}\n`),
    defaultPort: portOf(flags.port),
    threads: flags.threads === 0 ? undefined : flags.threads,
    tableMib: flags.tableMib,
    fatal: (text, exitCode) => {
      voice.fatal(text)
      process.exitCode = exitCode
      void end()
    },
  })
  const end = async (drain = false) => {
    if (drain) await server.drain()
    await server.stop()
    await beside?.close()
    removePidfile(flags)
    process.exit()
  }
  // Before the start, which may wait for an API: the first process of a container gets no signal that it does not handle.
  trapSignals(server, end, flags)
  // A wait for an API that refuses connections has nothing open, and timers of its own do not keep a process.
  const held = setInterval(() => {}, HOLD_MS)
  try {
    await server.start(source)
  } catch (error) {
    await beside?.close()
    throw error
  } finally {
    clearInterval(held)
  }
  giveMemoryBack()
  writePidfile(flags)
  if (!flags.quiet) voice.print(versionText(runtime()))
}

/** SIGTERM drains and stops, SIGINT stops, a second SIGINT ends at once with exit code 2; SIGQUIT ends at once; SIGUSR1 reloads; SIGHUP and SIGUSR2 do nothing. */
function trapSignals(server: Server, end: (drain?: boolean) => Promise<void>, flags: Flags): void {
  let interrupted = false
  process.on('SIGTERM', () => {
    log.info('SIGTERM: Shutting down servers then terminating')
    void end(true)
  })
  process.on('SIGINT', () => {
    if (interrupted) process.exit(2)
    interrupted = true
    log.info('SIGINT: Shutting down')
    void end()
  })
  process.on('SIGQUIT', () => {
    log.info('SIGQUIT: Quitting process immediately')
    removePidfile(flags)
    process.exit(0)
  })
  process.on('SIGHUP', () => {})
  process.on('SIGUSR2', () => {
    log.warning('SIGUSR2: Muster does not replace its own binary; start another beside it')
  })
  process.on('SIGUSR1', () => {
    log.info('SIGUSR1: Reloading')
    server.reload(true).catch(() => {})
  })
  // Node's own warnings are lines of text.
  if (json)
    process.removeAllListeners('warning').on('warning', ({ message }) => log.warning(message))
  process.on('uncaughtException', (error) => log.error(`uncaught: ${stackOf(error)}`))
}

/** A pidfile that cannot be written costs a line of the log, not the server. */
function writePidfile({ pidfile }: Flags): void {
  if (pidfile === '') return
  try {
    writeFileSync(pidfile, `${process.pid}\n`)
  } catch (error) {
    log.error(`Could not write pidfile: ${fileErrorText(pidfile, error)}`)
  }
}

function removePidfile({ pidfile }: Flags): void {
  if (pidfile !== '') rmSync(pidfile, { force: true })
}

function runtime(): { platform: string; arch: string; node: string } {
  const { platform, arch, versions } = process
  return { platform, arch: arch === 'x64' ? 'amd64' : arch, node: versions.node }
}

function fail(message: string): void {
  voice.fail(message)
  process.exitCode = 1
  process.exit()
}
