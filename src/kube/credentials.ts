import { readFileSync, statSync } from 'node:fs'
import type { Agent, RequestOptions } from 'node:https'
import { dirname } from 'node:path'
import { tendHelpers } from './helpers.ts'
import { reasonOf } from './transport.ts'

/** Where an API server is and who we are to it. The first that is given counts: kubeconfig, endpoint, else in-cluster. */
export interface ClusterAddress {
  readonly kubeconfig?: { readonly path: string; readonly context?: string | undefined } | undefined
  /** A URL; a bare `host:port` is http. */
  readonly endpoint?: string | undefined
  /** File names, for `endpoint` only. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string } | undefined
  /** How long a helper of the kubeconfig may take; 30 s unless told otherwise. */
  readonly helperTimeoutMs?: number | undefined
  /** Environment of the process, for in-cluster access. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** Stands before the path of the service account's files; for tests. */
  readonly serviceAccountRoot?: string | undefined
}

/** What one request needs. */
export interface Access {
  /** URL of the server, possibly with a path. */
  readonly server: string
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>
  readonly headers: Readonly<Record<string, string>>
  /** Only where a proxy lies between. */
  readonly agent: Agent | undefined
}

export interface Credentials {
  /** Tokens and certificates are read from their files again as they age. */
  access(): Promise<Access>
  /** Says that they did not serve: files are looked at again before the next use. */
  refresh(): void
}

/** A configuration that cannot work; the text is for the operator. */
export class ConfigurationError extends Error {}

type KubeConfig = import('@kubernetes/client-node').KubeConfig

/**
 * Loads client-node, and with it the configuration.
 *
 * @throws ConfigurationError in the words that client-go has for it
 */
export async function loadCredentials(address: ClusterAddress): Promise<Credentials> {
  const { KubeConfig } = await import('./kubeconfig.ts')
  const load = (): KubeConfig => loadConfig(new KubeConfig(), address)
  let config = load()
  const access = (): Promise<Access> =>
    accessOf(config).catch((error: Error) => {
      throw error.message === '' ? new Error('the helper failed without a word') : error
    })
  // Files that cannot be read are a mistake to tell of now, not at the first request.
  await access().catch((error: unknown) => {
    if (address.kubeconfig === undefined && address.endpoint === undefined) return
    // A helper that says no may say yes later.
    if ((error as NodeJS.ErrnoException).code === undefined) return
    throw new ConfigurationError(fileError(error))
  })
  return {
    access,
    refresh() {
      try {
        // A new KubeConfig has no token in its pocket: files are read, and helpers asked, again at once.
        config = load()
      } catch {
        // Half written, perhaps. What worked before is kept until the file can be read.
      }
    },
  }
}

function loadConfig(config: KubeConfig, address: ClusterAddress): KubeConfig {
  if (address.kubeconfig !== undefined)
    loadFile(config, address.kubeconfig, address.helperTimeoutMs)
  else if (address.endpoint !== undefined) loadEndpoint(config, address.endpoint, address.tls)
  else loadInCluster(config, address)
  for (const cluster of config.clusters) allowPlain(cluster)
  return config
}

function loadFile(
  config: KubeConfig,
  { path, context }: NonNullable<ClusterAddress['kubeconfig']>,
  helperTimeoutMs: number | undefined,
): void {
  try {
    statSync(path)
  } catch (error) {
    throw new ConfigurationError(fileError(error))
  }
  try {
    config.loadFromFile(path)
  } catch (error) {
    throw new ConfigurationError(`error loading config file "${path}": ${fileError(error)}`)
  }
  if (context !== undefined && context !== '') config.setCurrentContext(context)
  const wanted = config.getCurrentContext()
  if (wanted && config.getContextObject(wanted) === null) {
    throw new ConfigurationError(`context "${wanted}" does not exist`)
  }
  if (!config.getCurrentCluster()?.server) {
    throw new ConfigurationError(
      'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    )
  }
  tendHelpers(config, dirname(path), helperTimeoutMs)
}

function loadEndpoint(config: KubeConfig, endpoint: string, tls: ClusterAddress['tls']): void {
  const server = /^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`
  if (!URL.canParse(server)) {
    throw new ConfigurationError(
      `failed to create kubernetes notification controller: ${JSON.stringify(`host must be a URL or a host:port pair: ${JSON.stringify(endpoint)}`)}`,
    )
  }
  if (tls !== undefined) requireFiles(tls)
  const ca = tls === undefined ? {} : { caFile: tls.ca }
  const keys = tls === undefined ? {} : { certFile: tls.cert, keyFile: tls.key }
  config.loadFromClusterAndUser(
    { name: 'endpoint', server, skipTLSVerify: false, ...ca },
    { name: 'endpoint', ...keys },
  )
}

/** @throws ConfigurationError that names every file that cannot be read, in the reference's words */
function requireFiles({ cert, key, ca }: NonNullable<ClusterAddress['tls']>): void {
  const complaints: string[] = []
  for (const [what, path] of [
    ['client-cert', cert],
    ['client-key', key],
    ['certificate-authority', ca],
  ] as const) {
    try {
      readFileSync(path)
    } catch (error) {
      complaints.push(`unable to read ${what} ${path} for  due to ${fileError(error)}`)
    }
  }
  const [first, ...more] = complaints
  if (first === undefined) return
  const all = more.length === 0 ? first : `[${complaints.join(', ')}]`
  throw new ConfigurationError(`invalid configuration: ${all}`)
}

function loadInCluster(config: KubeConfig, address: ClusterAddress): void {
  const environment = address.environment ?? process.env
  if (!environment.KUBERNETES_SERVICE_HOST || !environment.KUBERNETES_SERVICE_PORT) {
    throw new ConfigurationError(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  }
  const root = address.serviceAccountRoot ?? ''
  try {
    readFileSync(`${root}/var/run/secrets/kubernetes.io/serviceaccount/token`)
  } catch (error) {
    throw new ConfigurationError(fileError(error))
  }
  config.loadFromCluster(root)
  const host = environment.KUBERNETES_SERVICE_HOST
  const cluster = config.clusters[0]!
  const shown = host.includes(':') ? `[${host}]` : host
  config.clusters[0] = {
    ...cluster,
    server: `https://${shown}:${environment.KUBERNETES_SERVICE_PORT}`,
  }
}

/** client-node refuses http unless told that certificates need not be checked; client-go, and Corefiles, do not mind. */
function allowPlain(cluster: { server: string; skipTLSVerify: boolean }): void {
  if (cluster.server?.startsWith('http:')) cluster.skipTLSVerify = true
}

async function accessOf(config: KubeConfig): Promise<Access> {
  const cluster = config.getCurrentCluster()!
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    headers[name] = String(value).trim()
  }
  if (options.auth) {
    headers.Authorization ??= `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  const { ca, cert, key, rejectUnauthorized, servername } = options
  const tls: Record<string, unknown> = { ca, cert, key, rejectUnauthorized, servername }
  for (const name of Object.keys(tls)) if (tls[name] === undefined) delete tls[name]
  return {
    server: cluster.server,
    tls,
    headers,
    agent: cluster.proxyUrl ? (options.agent as Agent) : undefined,
  }
}

/** `open FILE: no such file or directory`, as Go puts it, from Node's `ENOENT: no such file or directory, open 'FILE'`. */
function fileError(error: unknown): string {
  const { code, syscall, path, message } = error as NodeJS.ErrnoException
  const known: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'is a directory',
  }
  if (code !== undefined && path !== undefined && known[code] !== undefined) {
    return `${syscall} ${path}: ${known[code]}`
  }
  return message === '' ? reasonOf(error) : message
}
