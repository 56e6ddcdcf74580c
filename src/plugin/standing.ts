/** One upstream server. */
export interface UpstreamStanding {
  /** `192.0.2.1:53`. */
  readonly address: string
  /** `suspect`: a query failed, and no health check has succeeded since. `down`: passed by. */
  readonly state: 'up' | 'suspect' | 'down'
  /** Health checks that failed one after the other. */
  readonly failedChecks: number
  /** Replies since it was set up, and the seconds that they took together. */
  readonly replies: number
  readonly seconds: number
}

/** A store of a cluster, and the watches that feed it. */
export interface ClusterStanding {
  /** Several blocks may share one. */
  readonly id: string
  /** Every watch has had its first complete list. */
  readonly synced: boolean
  /** Where the records come from. */
  readonly source: 'none' | 'snapshot' | 'api'
  readonly watches: readonly WatchStanding[]
}

/** One kind of object that is watched. */
export interface WatchStanding {
  /** `endpointslices`. */
  readonly resource: string
  readonly objects: number
  /** Seconds since the API last said anything about it, bookmarks included; undefined before it said anything. */
  readonly silentSeconds: number | undefined
}

/** How what a plugin depends on does. */
export interface Standing {
  readonly upstreams?: readonly UpstreamStanding[]
  readonly cluster?: ClusterStanding
}

/** Where one address of a Service stands in a roll. */
export interface RollEndpoint {
  /** The Pod's name; empty for an endpoint without one. */
  readonly pod: string
  readonly address: string
  readonly node: string
  readonly state: 'ready' | 'not-ready' | 'terminating'
  /** Whether DNS tells of it: at the Service's name where that is headless, else only at its own. */
  readonly told: boolean
  /** Its own name, as text; empty where it has none. */
  readonly name: string
}

/** A Pod that a Service selects and that has no address yet. */
export interface WaitingPod {
  readonly pod: string
  /** Why, in the API's words: `Pending`, `ImagePullBackOff`, `Unschedulable`. */
  readonly says: string
}

/** The roll of a Service: what is behind it at this moment. */
export interface Roll {
  /** The Service's own name, as text. */
  readonly name: string
  /** `ClusterIP`, `headless`, `ExternalName`, …. */
  readonly type: string
  /** Where an ExternalName leads. */
  readonly externalName: string
  /** `publishNotReadyAddresses`. */
  readonly publishesNotReady: boolean
  readonly endpoints: readonly RollEndpoint[]
}

/** Services of a cluster, and what is behind them. */
export interface Rolls {
  /**
   * Services whose `NAMESPACE/NAME` has the text in it, those with something not ready behind them first.
   *
   * @param limit how many at most
   */
  find(text: string, limit: number): string[]
  /** Undefined where there is no such Service. */
  of(namespace: string, name: string): Roll | undefined
  /** Pods of the Service that no watch knows of, asked of the API; none where it cannot be asked. */
  waiting(namespace: string, name: string): Promise<readonly WaitingPod[]>
  /** Has a listener told of each change of the Service or of what is behind it; returns what ends that. */
  onChange(namespace: string, name: string, listener: () => void): () => void
}
