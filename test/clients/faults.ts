import { setTimeout as sleep } from 'node:timers/promises'
import type { Relay } from '../kube/relay.ts'
import { LONGEST_MS } from './fault-watcher.ts'
import { type FaultyProxy, refuse } from './faulty-proxy.ts'
import type { Kapi } from './kapi.ts'

/** One fault, and one name of its own whose only address changes. */
export interface Fault {
  readonly what: string
  /** Does what is to be done, the change with it; ends when the new address is true and can be known. */
  run(scene: Scene): Promise<void>
  /** What the metrics must have counted. */
  readonly counted?: RegExp
  /** The name is gone after it, rather than somewhere else. */
  readonly gone?: true
}

export interface Scene {
  readonly kapi: Kapi
  readonly proxy: FaultyProxy
  /** What faults of the server are seen through: the API's own TLS and HTTP/2, octet by octet. */
  readonly relay: Relay
  /** Moves the name to its second address, or another one. */
  change(address?: number): Promise<void>
  /** Waits until that address is answered. */
  sees(address: number): Promise<boolean>
}

const SILENT = /silent_connections_total\{resource="endpointslices"\} [1-9]/

/** What happens to the line, seen through the proxy. */
export const LINE: readonly Fault[] = [
  {
    what: 'a watch that falls silent, as old as its list',
    run: (scene) => blackHole(scene),
  },
  {
    what: 'a watch that falls silent after it was resumed',
    async run(scene) {
      const { proxy } = scene
      proxy.dropWatches()
      await until(() => proxy.watchesOf('endpointslices') > 0)
      await sleep(5000)
      await blackHole(scene)
    },
    counted: SILENT,
  },
  {
    what: 'an event cut in its middle',
    async run({ proxy, change }) {
      let cut = false
      proxy.fate = (frame) => {
        if (cut || !frame.includes('service-2-1')) return 'forward'
        cut = true
        return 'cut'
      }
      await change()
    },
  },
  {
    what: '410 to every watch that is resumed',
    async run({ proxy, change }) {
      proxy.instead = (request, response) =>
        (request.url ?? '').includes('watch=true') &&
        !(request.url ?? '').includes('sendInitialEvents') &&
        refuse(response, 410, 'Expired')
      proxy.dropWatches()
      await change()
    },
    counted: /resyncs_total\{resource="endpointslices",reason="expired"\} [1-9]/,
  },
  {
    what: '429 with Retry-After for five seconds',
    async run({ proxy, change }) {
      proxy.instead = (_request, response) =>
        refuse(response, 429, 'TooManyRequests', { 'retry-after': '1' })
      proxy.dropWatches()
      await change()
      await sleep(5000)
      proxy.instead = () => false
    },
    counted: /requests_total\{code="429",[^}]*\} [1-9]/,
  },
  {
    what: '500 for five seconds',
    async run({ proxy, change }) {
      proxy.instead = (_request, response) => refuse(response, 500, 'InternalError')
      proxy.dropWatches()
      await change()
      await sleep(5000)
      proxy.instead = () => false
    },
    counted: /requests_total\{code="500",[^}]*\} [1-9]/,
  },
  {
    what: 'a list that stalls',
    async run({ proxy, change }) {
      let refused = 0
      proxy.listOctets = 200
      proxy.instead = (request, response) => {
        const resumed = /endpointslices.*watch=true/.test(request.url ?? '')
        if (!resumed || (request.url ?? '').includes('sendInitialEvents') || refused++ > 0)
          return false
        return refuse(response, 410, 'Expired')
      }
      proxy.dropWatches()
      await change()
      await sleep(8000)
      proxy.listOctets = Number.POSITIVE_INFINITY
    },
    counted: /resyncs_total\{resource="endpointslices",reason="expired"\} [1-9]/,
  },
]

/** What happens to the server and to the one connection to it. */
export const SERVER: readonly Fault[] = [
  {
    what: 'a connection that is dead without a word',
    async run({ relay, change }) {
      relay.freeze()
      await change()
    },
    counted: SILENT,
  },
  away(10),
  {
    what: 'kill -9 right after a change, and a start over its data',
    async run({ kapi, change }) {
      await change()
      await kapi.kill()
      await kapi.run()
    },
  },
  {
    what: 'kill -9 and a start over its data, then a change',
    async run({ kapi, change }) {
      await kapi.kill()
      await kapi.run()
      await change()
    },
  },
  {
    what: 'data restored from a backup, with older versions',
    async run({ kapi, change, sees }) {
      await change()
      await kapi.backUp()
      await change(3)
      await sees(3)
      await kapi.restore()
    },
    counted: /resyncs_total\{resource="endpointslices",reason="(rewound|expired)"\} [1-9]/,
  },
  {
    what: 'a start over emptied data',
    run: ({ kapi }) => kapi.empty(),
    gone: true,
    counted: /resyncs_total\{resource="[a-z]+",reason="(rewound|expired)"\} [1-9]/,
  },
]

/** The server is gone for so long; the change comes with it. */
export function away(seconds: number): Fault {
  return {
    what: `an API server that is away for ${seconds} seconds`,
    async run({ kapi, change }) {
      await kapi.kill()
      await sleep(seconds * 1000)
      await kapi.run()
      await change()
    },
    counted: /requests_total\{code="<error>",[^}]*\} [1-9]/,
  }
}

/** Nothing comes through the watches of now, and the change with it is lost; new ones are sound. */
async function blackHole({ proxy, change }: Scene): Promise<void> {
  let fell = false
  proxy.fate = (frame) => {
    fell ||= frame.includes('EndpointSlice')
    return 'hole'
  }
  await change()
  await until(() => fell)
  proxy.fate = undefined
}

/** @throws Error where it does not come to that in time */
export async function until(so: () => boolean): Promise<void> {
  for (const end = performance.now() + LONGEST_MS; !so(); await sleep(20)) {
    if (performance.now() > end) throw new Error('it never came to that')
  }
}
