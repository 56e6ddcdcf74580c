import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { TYPE } from '../../src/wire/codes.ts'
import { readMessage } from '../../src/wire/reader.ts'
import type { Asker } from './asker.ts'
import { Rig } from './rig.ts'
import { packetOf } from './universe.ts'
import { possible } from './ways.ts'

const RELOADS = 12
const LANES = 12
const LOST_MS = 30_000
const WAYS = possible([
  { proto: 'udp', from: '127.0.0.1' },
  { proto: 'udp', from: '::1' },
  { proto: 'tcp', from: '127.0.0.1' },
])
/** Names whose every answer tells the generation of the configuration, in an address's last octet or a TTL. */
const NAMES = ['hosts.test', 'template.test', 'web.here.svc.cluster.local']

const directory = mkdtempSync(join(tmpdir(), 'muster-sameness-'))
const cluster = await startApiServer({ port: 0 })
cluster.apply([
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'here' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'here', name: 'web' },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ port: 80 }] },
  },
])
const kubeconfig = join(directory, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)
t.teardown(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

const corefile = (generation: number) => `.:{{0}} {
  hosts {
    192.0.2.${generation} hosts.test
    fallthrough
  }
  template IN A template.test {
    answer "{{ .Name }} 60 IN A 192.0.2.${generation}"
  }
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    startup_timeout 1m
    ttl ${generation}
  }
}
`

t.test('reloads under load lose no query, and what was before is not answered after', async (t) => {
  const rig = await Rig.start(corefile(1), { table: true, directory, threads: 2 })
  t.teardown(() => rig.close())
  const askers = await Promise.all(WAYS.map((way) => rig.asker(way)))
  // The generation that has taken over for certain, and the one that may have.
  const state = { over: 1, begun: 1, stopped: false }
  const wrong: string[] = []
  let asked = 0
  const lane = async (asker: Asker, name: string) => {
    const packet = packetOf(name, TYPE.A)
    while (!state.stopped) {
      const atLeast = state.over
      const answer = await asker.ask(packet, LOST_MS)
      asked++
      const generation = answer === undefined ? undefined : generationOf(answer)
      if (generation === undefined || generation < atLeast || generation > state.begun) {
        wrong.push(`${name}: ${generation}, not from ${atLeast} to ${state.begun}`)
      }
    }
  }
  const lanes = Array.from({ length: LANES }, (_, i) =>
    lane(askers[i % askers.length] as Asker, NAMES[(i >> 2) % NAMES.length] as string),
  )
  for (let generation = 2; generation < 2 + RELOADS; generation++) {
    await sleep(100)
    rig.text = corefile(generation)
    state.begun = generation
    await rig.server.reload(true)
    state.over = generation
  }
  await sleep(100)
  state.stopped = true
  await Promise.all(lanes)
  t.equal(wrong.length, 0, `${wrong.length} of ${asked} wrong or lost`)
  for (const one of wrong.slice(0, 5)) t.comment(one)
  t.ok(asked > 20 * RELOADS)
})

function generationOf(answer: Buffer): number | undefined {
  const [record] = readMessage(answer).answer
  const last = record?.rdata.charCodeAt(3)
  return record?.rdata.startsWith('\x0a') === true ? record.ttl : last
}
