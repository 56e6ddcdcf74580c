import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { Handle } from '../../src/net/listener.ts'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { TYPE } from '../../src/wire/codes.ts'
import { freePort } from '../ports.ts'
import { Rig } from '../sameness/rig.ts'
import { packetOf } from '../sameness/universe.ts'

/** For a machine that has other things to do; without a flood all of it takes milliseconds. */
const PATIENCE_MS = 60_000
const FLOODERS = 2
const ROUNDS = 4
/** Queries of a flood: below it there was none. */
const FLOOD = 8_000
/** What a query of the flood costs the chain, in milliseconds: more come than it can answer. */
const COST_MS = 0.25

t.test(
  'a flood of queries for the chain starves neither streams, nor health checks, nor watches',
  async (t) => {
    t.setTimeout(800_000)
    const directory = mkdtempSync(join(tmpdir(), 'muster-starvation-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const cluster = await startApiServer({ port: 0 })
    t.teardown(() => cluster.close())
    cluster.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'here' } },
      service('web', '10.96.0.1'),
    ])
    const kubeconfig = join(directory, 'kubeconfig')
    writeFileSync(kubeconfig, cluster.kubeconfig)
    const health = await freePort()
    const rig = await Rig.start(corefile(kubeconfig, health), {
      table: true,
      directory,
      threads: 2,
    })
    t.teardown(() => rig.close())
    slowDown(rig)
    const tcp = await rig.asker({ proto: 'tcp', from: '127.0.0.1' })
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const script = new URL('./flood-sender.ts', import.meta.url)
    const flooders = Array.from({ length: FLOODERS }, () => {
      return new Worker(script, { workerData: { port: rig.ports[0], stop } })
    })
    const gone = flooders.map((worker) => new Promise((done) => worker.once('exit', done)))
    const flooding = () => rig.plane.stats().received
    while (flooding() < FLOOD / ROUNDS) await new Promise((later) => setTimeout(later, 20))

    for (let round = 0; round < ROUNDS; round++) {
      const before = flooding()
      while (flooding() < before + FLOOD / ROUNDS) {
        await new Promise((later) => setTimeout(later, 5))
      }
      const web = await tcp.ask(packetOf('web.here.svc.cluster.local', TYPE.A), PATIENCE_MS)
      t.equal(web?.readUInt16BE(6), 1, 'a stream is answered')
      const response = await fetch(`http://127.0.0.1:${health}/health`, {
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      t.equal(response.status, 200, 'the server is healthy')
      await response.text()
      cluster.apply([service(`new${round}`, `10.96.1.${round}`)])
      t.ok(await comes(`new${round}`), 'a new Service is known')
    }
    Atomics.store(stop, 0, 1)
    await Promise.all(gone)

    async function comes(name: string): Promise<boolean> {
      for (const ends = performance.now() + PATIENCE_MS; performance.now() < ends; ) {
        const answer = await tcp.ask(
          packetOf(`${name}.here.svc.cluster.local`, TYPE.A),
          PATIENCE_MS,
        )
        if (answer !== undefined && answer.readUInt16BE(6) === 1) return true
      }
      return false
    }
  },
)

/** Makes the chain slow for datagrams, behind the server's back. */
function slowDown(rig: Rig): void {
  const { groups } = rig.plane as unknown as {
    groups: { groups: Map<number, { listening: { handle: Handle } }> }
  }
  for (const { listening } of groups.groups.values()) {
    const { handle } = listening
    listening.handle = (packet, peer) => {
      for (const ends = performance.now() + COST_MS; performance.now() < ends; );
      return handle(packet, peer)
    }
  }
}

const service = (name: string, clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'here', name },
  spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] },
})

/** The stream waits while the flood rises: it must not be cut off for that, as one query would then be lost with it. */
const corefile = (kubeconfig: string, health: number) => `.:{{0}} {
  timeouts {
    read 1h
    idle 1h
  }
  health 127.0.0.1:${health}
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    startup_timeout 1m
  }
}
`
