import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEFAULT_EXPLAIN_PORT, type Flags } from './cli/flags.ts'
import { type Cluster, createCluster } from './sandbox/cluster.ts'
import type { PodTimes } from './sandbox/controllers/pods.ts'
import { readManifests } from './sandbox/manifests.ts'
import { settled } from './sandbox/settled.ts'
import type { CorefileSource } from './server.ts'

/** The demonstration's manifests and Corefile; as far from dist/ as from src/. */
const FOLDER = fileURLToPath(new URL('../deploy/demo', import.meta.url))

/** As k3s has them; the second IPv4 range of Services is of kubeadm's, for the fourth scene. */
export const SERVICE_CIDRS = ['10.43.0.0/16', 'fd00:10:43::/112', '10.107.0.0/16']
const POD_CIDRS = ['10.42.0.0/16', 'fd00:10:42::/56']

/** A running embedded cluster and what to serve over it. */
export interface Demo {
  readonly cluster: Cluster
  readonly corefile: CorefileSource
  /** What the Corefile's variables stand for. */
  readonly environment: Readonly<Record<string, string>>
  /** What is served, and commands to try. */
  readonly guide: string
  /** Writes `.muster/kubeconfig`, once the server runs: a start that fails leaves another demonstration's alone. */
  announce(): void
  close(): Promise<void>
}

/**
 * Starts the embedded cluster with the demonstration's workloads, or as its file has kept it, waits until all Pods are there, and writes its kubeconfig for
 * Muster.
 *
 * @param directory where `.muster/` is made
 * @param onError told of bugs of the embedded cluster, and when its file cannot be written
 * @throws ListenError when the API's port is taken, PersistenceError when the file is not a cluster's or could not be written
 */
export async function startDemo(
  flags: Flags,
  directory: string,
  onError: (error: unknown) => void,
): Promise<Demo> {
  // The first Pods take no time, so that what is printed to try is right at once; those that come later can be watched.
  const times: Partial<PodTimes> = { startMs: 0, readyMs: 0 }
  const isKept = flags.state !== '' && existsSync(flags.state)
  const cluster = await createCluster({
    port: flags.apiPort,
    serviceCidrs: SERVICE_CIDRS,
    controllers: { podCidrs: POD_CIDRS, times },
    ...(flags.state !== '' && { file: flags.state }),
    onError,
  })
  try {
    if (!isKept) cluster.apply(readManifests(FOLDER))
    await settled(cluster)
    delete times.startMs
    delete times.readyMs
    const folder = join(directory, '.muster')
    const kubeconfig = join(folder, `kubeconfig-${cluster.port}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(kubeconfig, cluster.kubeconfig, { mode: 0o600 })
    const path = flags.conf === '' ? join(FOLDER, 'Corefile') : flags.conf
    return {
      cluster,
      corefile: () => ({ text: readFileSync(path, 'utf8'), path }),
      environment: {
        MUSTER_DNS_PORT: flags.port,
        MUSTER_KUBECONFIG: kubeconfig,
        MUSTER_DEMO: FOLDER,
        MUSTER_PAGE_PORT: flags.pagePort,
        MUSTER_EXPLAIN_PORT: flags.explainPort,
      },
      guide: guide(flags, cluster.url),
      announce: () => {
        writeFileSync(join(folder, 'kubeconfig'), cluster.kubeconfig, { mode: 0o600 })
      },
      close: async () => {
        rmSync(kubeconfig, { force: true })
        await cluster.close()
      },
    }
  } catch (error) {
    await cluster.close()
    throw error
  }
}

const QUESTIONS: readonly (readonly [string, string])[] = [
  ['ng-svc.test-es.svc.cluster.local', 'a ClusterIP Service: one address'],
  ['ng-svc-headless.test-es.svc.cluster.local', 'a headless one: every ready Pod'],
  ['mysql-0.db.default.svc.cluster.local', 'one Pod of a StatefulSet by name'],
  ['_mysql._tcp.db.default.svc.cluster.local SRV', 'its ports and Pods'],
  ['-x 10.43.0.10', 'whose address is this?'],
]

/** A name with a mistake in it, to be explained. */
const BROKEN = 'web.shpo.svc.cluster.local'

function guide({ port, conf, pagePort, explainPort }: Flags, api: string): string {
  const at = explainPort === DEFAULT_EXPLAIN_PORT ? '' : ` --at localhost:${explainPort}`
  const width = Math.max(...QUESTIONS.map(([question]) => question.length))
  const commands = QUESTIONS.map(
    ([question, what]) => `  dig +short @127.0.0.1 -p ${port} ${question.padEnd(width)}  # ${what}`,
  )
  return `
DNS for the zone cluster.local: 127.0.0.1:${port}, UDP and TCP. The cluster's API: ${api}
${conf === '' ? `The live page: http://localhost:${pagePort}/\n` : ''}
${commands.join('\n')}
${conf === '' ? `  npm run -s explain --${at} ${BROKEN}  # why is it not there?\n` : ''}\
  npm run shell --${port === '1053' ? '' : ` --dns.port ${port}`} --namespace shop  # short names, as in a Pod: getent hosts db

  export KUBECONFIG=.muster/kubeconfig
  kubectl get services,endpointslices -A
  kubectl scale statefulset web -n shop --replicas=3  # and web-2.web.shop.svc.cluster.local answers

The scenes are told in deploy/demo/README.md. Ctrl-C ends it.
`
}
