import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

type KubeConfig = import('@kubernetes/client-node').KubeConfig
type Cluster = ReturnType<KubeConfig['getCurrentCluster']>

/** A helper that takes longer for credentials is ended, and asked again later. */
export const HELPER_TIMEOUT_MS = 30_000

type Spawn = (
  command: string,
  args: readonly string[] | undefined,
  options: SpawnOptions,
) => ChildProcess

/** `users[].user.exec` of a kubeconfig (client.authentication.k8s.io, ExecConfig). */
interface Exec {
  readonly apiVersion?: string
  readonly command?: string
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly provideClusterInfo?: boolean
}

/**
 * Has the helpers of a kubeconfig started as client-go starts them: told by `KUBERNETES_EXEC_INFO` what is wanted and that nobody is there to be asked, and a relative path
 * counted from the file. client-node does neither, and waits for them without end.
 *
 * @param folder of the kubeconfig
 */
export function tendHelpers(
  config: KubeConfig,
  folder: string,
  timeoutMs = HELPER_TIMEOUT_MS,
): void {
  const cluster = config.getCurrentCluster()
  config.users = config.users.map((user) => {
    const exec = user.exec as Exec | undefined
    if (exec === undefined || exec === null) return user
    const { command = '', env } = exec
    const path = command.includes('/') ? resolve(folder, command) : command
    const info = { name: 'KUBERNETES_EXEC_INFO', value: infoFor(exec, cluster) }
    return { ...user, exec: { ...exec, command: path, env: [...(env ?? []), info] } }
  })
  const { authenticators } = config as unknown as { authenticators: { execFn?: Spawn }[] }
  for (const authenticator of authenticators) {
    if (authenticator.execFn !== undefined) authenticator.execFn = spawnFor(timeoutMs)
  }
}

/** ExecCredential, as a helper gets it. */
function infoFor({ apiVersion, provideClusterInfo }: Exec, cluster: Cluster): string {
  const spec = {
    interactive: false,
    ...(provideClusterInfo === true && { cluster: shown(cluster) }),
  }
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec })
}

function shown(cluster: Cluster): object | undefined {
  if (cluster === null) return undefined
  const { server, tlsServerName, skipTLSVerify, caData, caFile, proxyUrl } = cluster
  return {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify || undefined,
    'certificate-authority-data': caData ?? (caFile && readFileSync(caFile, 'base64')),
    'proxy-url': proxyUrl,
  }
}

/** Nobody is there to be asked. What a helper has started itself may live on, and does not keep its answer open. */
function spawnFor(timeoutMs: number): Spawn {
  return (command, args, options) => {
    const helper = spawn(command, args ?? [], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const end = (): void => {
      helper.kill('SIGKILL')
      helper.stdout.destroy()
      helper.stderr.destroy()
    }
    const timer = setTimeout(end, timeoutMs).unref()
    helper.once('close', () => clearTimeout(timer))
    return helper
  }
}
