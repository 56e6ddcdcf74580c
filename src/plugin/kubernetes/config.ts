import type { Name } from '../../wire/name.ts'

/** `pods`: whether names of Pods are answered not at all, without looking, or for Pods that exist. */
export type PodMode = 'disabled' | 'insecure' | 'verified'

/** How the API server is reached. */
export interface ApiOptions {
  /** URL; undefined for the cluster that this runs in. */
  readonly endpoint: string | undefined
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | undefined
  readonly kubeconfig: { readonly file: string; readonly context: string | undefined } | undefined
  /** Requests per second, burst and requests at a time; undefined for the client's own bounds. */
  readonly qps: number | undefined
  readonly burst: number | undefined
  readonly maxInflight: number | undefined
}

/** What the block says; each field is the directive of the same name. */
export interface Config {
  /** In lower case, in the order of the block. */
  readonly zones: readonly Name[]
  /** The first zone that is not a reverse one: where PTR records lead. */
  readonly primaryZone: Name
  readonly api: ApiOptions
  /** Empty for all. */
  readonly namespaces: ReadonlySet<string>
  /** Canonical label selectors; undefined for none. */
  readonly namespaceLabels: string | undefined
  readonly labels: string | undefined
  readonly pods: PodMode
  readonly endpointPodNames: boolean
  /** Seconds. */
  readonly ttl: number
  readonly endpoints: boolean
  readonly fallthrough: readonly Name[]
  readonly ignoreEmptyService: boolean
  readonly multicluster: readonly Name[]
  readonly zonal: boolean
  readonly startupTimeoutMs: number
  /** File that the store is kept in; undefined for none. */
  readonly snapshot: string | undefined
}

export const DEFAULT_TTL = 5
export const MAX_TTL = 3600
export const DEFAULT_STARTUP_TIMEOUT_MS = 5000
