import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cluster, startApiServer } from '../../src/sandbox/cluster.ts'
import { freePort } from '../ports.ts'

/** Headless enough for an answer that is cut off in 512 octets. */
const MANY = 60

/** One server, in a process of its own. */
export class FuzzedServer {
  readonly port: number
  exited: number | undefined
  readonly #child: ChildProcess

  private constructor(port: number, child: ChildProcess) {
    this.port = port
    this.#child = child
    child.on('exit', (code) => {
      this.exited = code ?? -1
    })
  }

  static async start(directory: string, kubeconfig: string, tableMib: number) {
    const port = await freePort()
    const path = join(directory, `Corefile-${port}`)
    writeFileSync(path, corefile(port, kubeconfig))
    const script = fileURLToPath(new URL('./server.ts', import.meta.url))
    const child = fork(script, [path, String(tableMib)], { execArgv: ['--no-warnings'] })
    await once(child, 'message')
    return new FuzzedServer(port, child)
  }

  memoryMib(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  }

  async stop(): Promise<void> {
    if (this.exited !== undefined) return
    const ended = once(this.#child, 'exit')
    this.#child.send('stop')
    await ended
  }
}

const corefile = (port: number, kubeconfig: string) => `.:${port} {
  bind 127.0.0.1
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    startup_timeout 1m
    pods insecure
  }
  hosts {
    192.0.2.1 host.test
  }
  loadbalance
}
`

/** The same server twice, over the same objects: with a table, and without, so that the chain gives every answer. */
export interface Pair {
  readonly hot: FuzzedServer
  readonly cold: FuzzedServer
  stop(): Promise<void>
}

export async function startPair(directory: string): Promise<Pair> {
  const cluster: Cluster = await startApiServer({ port: 0 })
  cluster.apply(objects())
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.kubeconfig)
  const hot = await FuzzedServer.start(directory, kubeconfig, 4)
  const cold = await FuzzedServer.start(directory, kubeconfig, 0)
  const stop = async () => {
    await Promise.all([hot.stop(), cold.stop()])
    await cluster.close()
  }
  return { hot, cold, stop }
}

function objects() {
  const namespace = 'here'
  const service = (name: string, clusterIP: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
  })
  const slice = (name: string, third: number, count: number) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints: Array.from({ length: count }, (_, i) => ({
      addresses: [`10.1.${third}.${i + 1}`],
      hostname: `pod-${i}`,
      conditions: { ready: true },
    })),
  })
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    service('web', '10.96.0.1'),
    service('head', 'None'),
    service('many', 'None'),
    slice('head', 1, 3),
    slice('many', 2, MANY),
  ]
}
