import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../../src/log.ts'
import { createCluster } from '../../../src/sandbox/cluster.ts'
import { ANNOTATIONS, type ObjectInput } from '../../../src/sandbox/index.ts'
import { settled } from '../../../src/sandbox/settled.ts'
import { Server } from '../../../src/server.ts'
import { name } from '../../../src/wire/name.ts'
import { Writer } from '../../../src/wire/writer.ts'
import { askByUdp } from '../../parity/exchange.ts'
import { freePort } from '../../ports.ts'

const ADDRESS = 'localhost:0'

const metadata = (id: string) => {
  const [namespace = '', name = ''] = id.split('/')
  return { namespace, name }
}

/** Namespace shop: a StatefulSet of two Pods behind a headless Service, and a Service of another kind. */
const OBJECTS: ObjectInput[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('shop/web'),
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('shop/alias'),
    spec: { type: 'ExternalName', externalName: 'www.example.com' },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata('shop/web'),
    spec: {
      serviceName: 'web',
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: {
          labels: { app: 'web' },
          annotations: { [ANNOTATIONS.addresses]: '10.42.0.3,10.42.0.4' },
        },
        spec: { containers: [{ name: 'web', image: 'web' }] },
      },
    },
  },
]

/** A server with a page, over an embedded cluster. */
export async function startScene(threads = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'muster-page-'))
  const times = { startMs: 0, readyMs: 0 }
  const cluster = await createCluster({ controllers: { podCidrs: ['10.42.0.0/16'], times } })
  cluster.apply(OBJECTS)
  await settled(cluster)
  writeFileSync(join(folder, 'kubeconfig'), cluster.kubeconfig)
  const port = await freePort()
  let text = `.:${port} {
    bind 127.0.0.1
    page ${ADDRESS}
    kubernetes cluster.local {
        kubeconfig ${folder}/kubeconfig
        startup_timeout 1m
    }
    forward . 127.0.0.1:${await freePort()} {
        max_connect_attempts 1
    }
}
`
  const server = new Server({
    log: createLogger({ write: () => {} }),
    environment: {},
    workingDirectory: folder,
    threads,
  })
  await server.start(() => ({ text, path: 'Corefile' }))
  return {
    cluster,
    server,
    port,
    /** With a slash at the end. */
    url: `http://localhost:${server.http.port(ADDRESS)}/`,
    /** Asks for the A records of a name by UDP. */
    ask: (qname: string, times = 1) => {
      const question = { qname: name(qname), qtype: 1, qclass: 1 }
      const none = { answer: [], authority: [], additional: [], opt: undefined }
      const packets = Array.from({ length: times }, (_, id) =>
        Buffer.from(new Writer().write({ id, flags: 0x0100, question, ...none }, 512)),
      )
      return askByUdp({ to: '127.0.0.1', port, timeoutMs: 30_000 }, packets, times)
    },
    /** Makes a Pod ready or not ready. */
    setReady: (pod: string, ready: boolean) => {
      const named = { apiVersion: 'v1', kind: 'Pod', metadata: metadata(pod) }
      const object = cluster.get(named)
      if (object === undefined) throw new TypeError(`no Pod ${pod}`)
      const annotations = { ...object.metadata.annotations, [ANNOTATIONS.ready]: String(ready) }
      cluster.update({ ...object, metadata: { ...object.metadata, annotations } })
    },
    /** A Pod behind shop/web that does not start for a minute; returns what takes it away. */
    addSlowPod: (name: string) => {
      const named = { apiVersion: 'v1', kind: 'Pod', metadata: metadata(`shop/${name}`) }
      const annotations = { [ANNOTATIONS.startDelay]: '60s' }
      cluster.create({
        ...named,
        metadata: { ...named.metadata, labels: { app: 'web' }, annotations },
        spec: { containers: [{ name: 'web', image: 'web' }] },
      })
      return () => cluster.delete(named)
    },
    /** Takes over a Corefile in which a text is another one. */
    reload: async (from: string, to: string) => {
      text = text.replace(from, to)
      await server.reload(true)
    },
    stop: async () => {
      await server.stop()
      await cluster.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request, with any headers. */
export async function get(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const response = await open(url, headers, method)
  let text = ''
  for await (const piece of response) text += piece
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

function open(url: string, headers: Readonly<Record<string, string>>, method: string) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { headers, method, agent: false }, resolve).on('error', reject).end()
  })
}

/** A stream of server-sent events, read as they come. */
export interface Events {
  readonly status: number
  /** The next event of this kind that fits; others on the way are passed over. Undefined at the end of the stream. */
  // biome-ignore lint/suspicious/noExplicitAny: what JSON says
  next(event: string, fits?: (data: any) => boolean): Promise<any>
  close(): void
}

export async function listen(url: string): Promise<Events> {
  const response = await open(url, {}, 'GET')
  const pieces = response[Symbol.asyncIterator]()
  let rest = ''
  const read = async (): Promise<{ event: string; data: unknown } | undefined> => {
    for (;;) {
      const end = rest.indexOf('\n\n')
      if (end === -1) {
        const { done, value } = await pieces.next().catch(() => ({ done: true, value: '' }))
        if (done === true) return undefined
        rest += value
        continue
      }
      const block = rest.slice(0, end)
      rest = rest.slice(end + 2)
      const found = /^event: (\w+)\ndata: (.*)$/.exec(block)
      if (found !== null) return { event: found[1] as string, data: JSON.parse(found[2] as string) }
    }
  }
  return {
    status: response.statusCode ?? 0,
    next: async (event, fits = () => true) => {
      for (;;) {
        const one = await read()
        if (one === undefined) return undefined
        if (one.event === event && fits(one.data)) return one.data
      }
    },
    close: () => response.destroy(),
  }
}
