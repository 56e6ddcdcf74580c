import type { ServerResponse } from 'node:http'
import type { HttpListeners } from '../../admin/http.ts'
import { compareText } from '../../corefile/order.ts'
import type { Logger } from '../../log.ts'
import type { Plugin } from '../plugin.ts'
import type { Shared } from '../setup.ts'

/** A plugin that can tell whether it is ready. */
interface Monitored {
  readonly plugin: Plugin
  /** False: once ready, it is not asked again. */
  readonly continuously: boolean
  latched: boolean
}

/** The plugins of all server blocks with `ready`: every page of the process speaks for all of them. */
export class Readiness implements Shared {
  private readonly monitored = new Set<Monitored>()

  /** Adds a block's plugins; returns what takes them away again. */
  watch(plugins: readonly Plugin[], continuously: boolean): () => void {
    const added = plugins
      .filter((plugin) => plugin.ready !== undefined)
      .map((plugin) => ({ plugin, continuously, latched: false }))
    for (const one of added) this.monitored.add(one)
    return () => {
      for (const one of added) this.monitored.delete(one)
    }
  }

  /** Names of the plugins that are not ready, sorted, each once. */
  missing(): string[] {
    const names = new Set<string>()
    for (const one of this.monitored) {
      if (one.latched) continue
      if (one.plugin.ready?.() === false) names.add(one.plugin.name)
      else one.latched = !one.continuously
    }
    return [...names].sort(compareText)
  }

  /** What ready plugins want to be known, as `NAME: TEXT`, sorted, each once. */
  notes(): string[] {
    const notes = new Set<string>()
    for (const { plugin } of this.monitored) {
      const note = plugin.readyNote?.()
      if (note !== undefined) notes.add(`${plugin.name}: ${note}`)
    }
    return [...notes].sort(compareText)
  }

  close(): void {
    this.monitored.clear()
  }
}

/** Puts the page /ready at an address; returns what takes it away. */
export function openReadyPage(
  address: string,
  readiness: Readiness,
  http: HttpListeners,
  log: Logger,
): Promise<() => Promise<void>> {
  return http.add(address, '/ready', (_request, response) => {
    const missing = readiness.missing().join(',')
    if (missing === '') return say(response, 200, ['OK', ...readiness.notes()].join('\n'))
    log.info(`Plugins not ready: "${missing}"`)
    return say(response, 503, missing)
  })
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}
