import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasEnded } from '../ended.ts'
import { freePair, freePort } from '../ports.ts'
import type { ApiRequest } from './kapi-requests.ts'

/** The bearer token that a kapi knows. */
const TOKEN = 'labtoken'
/** Milliseconds until a kapi must answer. */
const START_MS = 120_000
/** Another program may have taken a port by the time that it is listened on: so often with others. */
const STARTS = 3
/** Milliseconds that a write is tried again for while the API server cannot take it: its disk may be slow. */
const WRITE_MS = 30_000

/** An object as it is written to the API. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** The path of a binary on PATH or where tests keep what they build; undefined where there is none. */
export function binary(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), '.cache/muster')]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** A real Kubernetes API server of the test's own, over a folder of its own. */
export class Kapi {
  readonly kubeconfig: string
  readonly port: number
  private readonly directory: string
  private readonly etcdPort: number
  private readonly agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 16 })
  private child: ChildProcess | undefined

  private constructor(directory: string, port: number, etcdPort: number) {
    this.directory = directory
    this.port = port
    this.etcdPort = etcdPort
    this.kubeconfig = join(directory, 'kubeconfig')
  }

  static async start(): Promise<Kapi> {
    for (let left = STARTS - 1; ; left--) {
      const directory = mkdtempSync(join(tmpdir(), 'muster-kapi-'))
      // etcd talks to its peers on the port after its own.
      const kapi = new Kapi(directory, await freePort(), await freePair())
      try {
        await kapi.run()
        return kapi
      } catch (error) {
        await kapi.stop()
        if (left === 0) throw error
      }
    }
  }

  /** Starts it over its folder, after {@link kill} too. */
  async run(): Promise<void> {
    const args = [
      '-port',
      String(this.port),
      '-etcd-port',
      String(this.etcdPort),
      '-dir',
      this.directory,
    ]
    const child = spawn(binary('kapi') as string, args, { stdio: 'ignore' })
    this.child = child
    for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
      if (hasEnded(child)) throw new Error(`kapi ended with ${child.exitCode}`)
      if (!existsSync(this.kubeconfig)) continue
      if ((await this.send('GET', '/api/v1/namespaces').catch(() => undefined))?.status === 200)
        return
    }
    await this.kill()
    throw new Error('kapi did not start')
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    const { child } = this
    if (child === undefined || hasEnded(child)) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  /** Keeps a copy of the data, for {@link restore}. */
  async backUp(): Promise<void> {
    await this.kill()
    cpSync(this.data, `${this.data}.copy`, { recursive: true })
    await this.run()
  }

  /** Starts over the data as they were at {@link backUp}: a cluster restored from its backup. */
  async restore(): Promise<void> {
    await this.kill()
    rmSync(this.data, { recursive: true })
    cpSync(`${this.data}.copy`, this.data, { recursive: true })
    await this.run()
  }

  /** Starts over nothing. */
  async empty(): Promise<void> {
    await this.kill()
    rmSync(this.data, { recursive: true })
    await this.run()
  }

  private get data(): string {
    return join(this.directory, 'etcd')
  }

  async stop(): Promise<void> {
    await this.kill()
    this.agent.destroy()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Creates the object, or replaces it; returns when the API has acknowledged it. @throws what the API says against it */
  async put(object: ApiObject): Promise<void> {
    for (const deadline = Date.now() + WRITE_MS; ; await sleep(200)) {
      const { status, body } = await this.send('PUT', pathOf(object), object).catch((error) => ({
        status: 0,
        body: String(error),
      }))
      if (status >= 200 && status < 300) return
      const mayPass = status === 0 || status === 429 || status >= 500
      if (!mayPass || Date.now() > deadline) {
        throw new Error(`${pathOf(object)}: ${status} ${body}`)
      }
    }
  }

  async remove(object: ApiObject): Promise<void> {
    await this.send('DELETE', pathOf(object))
  }

  send(method: string, path: string, object?: unknown): Promise<{ status: number; body: string }> {
    return this.ask({ method, path, body: object })
  }

  /** One request; a body that is no text is sent as JSON. */
  ask({ method, path, body, type, accept }: ApiRequest): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const headers = {
        // Written down, for Node would send the body of a DELETE without a length.
        'content-length': Buffer.byteLength(content ?? ''),
        authorization: `Bearer ${TOKEN}`,
        'content-type': type ?? 'application/json',
        ...(accept === undefined ? {} : { accept }),
      }
      const options = {
        host: '127.0.0.1',
        port: this.port,
        path: encodeURI(path),
        method,
        headers,
        agent: this.agent,
      }
      const sent = request(options, (response) => {
        let text = ''
        response.on('data', (part) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        response.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(content)
    })
  }

  /** The API's address as the kubeconfig has it. */
  get server(): string {
    return /server: (\S+)/.exec(readFileSync(this.kubeconfig, 'utf8'))?.[1] ?? ''
  }
}

function pathOf({ apiVersion, kind, metadata }: ApiObject): string {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const namespace =
    kind === 'Namespace' || kind === 'Node' ? '' : `/namespaces/${metadata.namespace ?? 'default'}`
  return `${group}${namespace}/${kind.toLowerCase()}s/${metadata.name}`
}
