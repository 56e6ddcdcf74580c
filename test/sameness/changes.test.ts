import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { Dice, seedOf } from './dice.ts'
import { Loader } from './loader.ts'
import { Rig } from './rig.ts'
import { storeOf, Timeline } from './timeline.ts'
import { answerKey, Universe } from './universe.ts'

const CHANGES = 800
const PACE_MS = 8
const RATE = 4000
const SETTLED_MS = 10_000

const directory = mkdtempSync(join(tmpdir(), 'muster-sameness-'))
const cluster = await startApiServer({ port: 0 })
const kubeconfig = join(directory, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)
t.teardown(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

const corefile = (pods: string, more = '') =>
  `.:{{0}} {\n  errors\n  kubernetes cluster.local {\n    kubeconfig ${kubeconfig}\n    startup_timeout 1m\n    pods ${pods}\n  }\n  ${more}\n}\n`

for (const more of ['loadbalance', 'cache 30']) {
  t.test(
    `objects that come, go and change under load, with ${more}: each answer is one that the store gave between question and answer`,
    async (t) => {
      const dice = new Dice(seedOf(process.env))
      t.comment(`MUSTER_SEED=${dice.seed}`)
      const universe = new Universe(cluster, dice)
      const rig = await Rig.start(corefile('verified', more), { table: true, directory })
      t.teardown(() => rig.close())
      const store = await storeOf(rig.server)
      const timeline = new Timeline(store, universe.questions)
      const { questions } = universe
      const options = { port: rig.ports[0] as number, seed: dice.int(2 ** 32), window: 32 }
      const loader = new Loader({ ...options, rate: RATE }, questions, timeline)
      for (let i = 0; i < CHANGES; i++) {
        universe.change()
        await sleep(PACE_MS)
      }
      const { asked, lost, wrong } = await loader.stop()
      t.equal(lost, 0, `${lost} of ${asked} lost`)
      t.equal(
        wrong.length,
        0,
        `${wrong.length} of ${asked} wrong after ${timeline.changes} changes`,
      )
      for (const one of wrong.slice(0, 5)) t.comment(one)
      t.ok(timeline.changes > CHANGES / 4, `${timeline.changes} changes of the store`)
      t.ok(asked > 1000, `${asked} asked`)

      const udp = await rig.asker({ proto: 'udp', from: '127.0.0.1' })
      for (const { text, packet, expected } of questions) {
        const answer = await udp.ask(packet, SETTLED_MS)
        t.equal(answer && answerKey(answer), expected(store), `${text} once all is quiet`)
      }
      timeline.close()
    },
  )
}
