import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../../src/log.ts'
import { Server } from '../../../src/server.ts'

/** A running server in a temporary folder. */
export interface Muster {
  readonly log: readonly string[]
  stop(): Promise<void>
}

/** Runs a Corefile over files in a folder that it calls `FOLDER`. */
export async function startMuster(
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Muster> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-peers-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const log: string[] = []
  const server = new Server({
    log: createLogger({ write: (line) => void log.push(line) }),
    environment: {},
    workingDirectory: folder,
    threads: 1,
  })
  const path = join(folder, 'Corefile')
  await server.start(() => ({ text: text.replaceAll('FOLDER', folder), path }))
  const stop = async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { log, stop }
}
