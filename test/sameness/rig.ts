import { createLogger } from '../../src/log.ts'
import type { DataPlane } from '../../src/net/plane.ts'
import { Server } from '../../src/server.ts'
import { freePort } from '../ports.ts'
import { Asker, type Way } from './asker.ts'

/** MiB of the table where there is one. */
const TABLE_MIB = 4

/** A server in this process, with its log and clients that ask it. */
export class Rig {
  readonly server: Server
  /** What it logged, line by line. */
  readonly log: string[] = []
  /** Its ports: what stands in the Corefile for `{{0}}`, `{{1}}`. */
  readonly ports: readonly number[]
  text: string
  readonly #askers = new Map<string, Promise<Asker>>()

  private constructor(
    text: string,
    ports: readonly number[],
    options: { tableMib: number; directory: string; threads?: number },
  ) {
    this.text = text
    this.ports = ports
    this.server = new Server({
      log: createLogger({ write: (line) => void this.log.push(line) }),
      environment: {},
      workingDirectory: options.directory,
      threads: options.threads ?? 1,
      tableMib: options.tableMib,
    })
  }

  /** @param text a Corefile with `{{0}}`, `{{1}}` in place of its ports */
  static async start(
    text: string,
    options: { table: boolean; directory: string; threads?: number },
  ): Promise<Rig> {
    const ports = [await freePort(), await freePort()]
    const tableMib = options.table ? TABLE_MIB : 0
    const rig = new Rig(text, ports, { ...options, tableMib })
    await rig.server.start(() => ({ text: rig.filled(), path: 'Corefile' }))
    return rig
  }

  /** The client of a way, opened when first asked for. */
  asker(way: Way, listener = 0): Promise<Asker> {
    const key = `${way.proto} ${way.from} ${listener}`
    let asker = this.#askers.get(key)
    if (asker === undefined) {
      asker = Asker.open(way, this.ports[listener] as number)
      this.#askers.set(key, asker)
    }
    return asker
  }

  /** What `/metrics` says, its ports as in the Corefile. */
  async metrics(): Promise<string> {
    return this.placed(await this.server.metrics.expose())
  }

  /** A text with the places of the ports instead of them. */
  placed(text: string): string {
    return this.ports.reduce((all, port, i) => all.replaceAll(`:${port}`, `:{{${i}}}`), text)
  }

  /** The data threads of the server, which keeps them to itself. */
  get plane(): DataPlane {
    const { running } = this.server as unknown as {
      running: { listeners: { parts: { plane: DataPlane } } }
    }
    return running.listeners.parts.plane
  }

  async close(): Promise<void> {
    for (const asker of this.#askers.values()) await (await asker).close()
    await this.server.stop()
  }

  private filled(): string {
    return this.ports.reduce((all, port, i) => all.replaceAll(`{{${i}}}`, String(port)), this.text)
  }
}
