import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { ClosedZone } from '../../src/plugin/plugin.ts'
import { ClosedZones, NO_ROOM_MS } from '../../src/server/closed.ts'
import { isOutside } from '../../src/table/filter.ts'
import { Question } from '../../src/table/question.ts'
import { Table } from '../../src/table/table.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { type Name, name } from '../../src/wire/name.ts'
import { query } from '../table/harness.ts'

const SEED = 5
const ZONE_LABELS = 2

/** A zone with so many Services, which may get more. */
class Zone implements ClosedZone {
  readonly zone = name('cluster.local')
  readonly services: Name[]
  /** How often all of them were asked for. */
  asked = 0
  came: (name: Name, open: boolean) => void = () => {}

  constructor(services: number) {
    this.services = Array.from({ length: services }, (_, i) => name(`s${i}.cluster.local`))
  }
  *names(): Iterable<readonly [Name, boolean]> {
    this.asked++
    for (const service of this.services) yield [service, true]
  }
  onChange(came: (name: Name, open: boolean) => void): () => void {
    this.came = came
    return () => {}
  }
}

const tableOf = (octets: number): Table =>
  new Table({
    octets,
    readers: 1,
    versions: new TableVersions().counters,
    seed: SEED,
    now: () => 0,
  })

/** Whether a filter denies a name. */
const denies = (table: Table, filter: number, text: string): boolean => {
  const question = new Question(SEED)
  const packet = query(text)
  question.read(packet, 0, packet.length, false)
  question.split()
  return isOutside(table.shared, filter, question, question.labels - ZONE_LABELS)
}

t.test('names that come while a filter is made are in it, wherever the work is', async (t) => {
  const services = 5000
  const table = tableOf(16 << 20)
  for (let turn = 0; ; turn++) {
    const zone = new Zone(services)
    const zones = new ClosedZones(table, () => 0)
    let made = zones.filterOf(zone, ZONE_LABELS, [])
    if (turn === 0) t.equal(made, undefined, 'it takes more than one turn')
    for (let i = 0; i < turn && made === undefined; i++) {
      await setImmediate()
      made = zones.filterOf(zone, ZONE_LABELS, [])
    }
    const isLate = made === undefined
    zone.came(name('late.cluster.local'), true)
    while (made === undefined) {
      await setImmediate()
      made = zones.filterOf(zone, ZONE_LABELS, [])
    }
    const { number } = made.filter
    t.notOk(denies(table, number, 'late.cluster.local'), `after ${turn} turns`)
    t.notOk(denies(table, number, `x.s${services - 1}.cluster.local`))
    t.ok(denies(table, number, 'nobody.cluster.local'))
    zones.close()
    table.collect()
    if (!isLate) return
  }
})

t.test('where there is no memory for a filter, it is not begun again at each denial', async (t) => {
  let now = 0
  const zone = new Zone(10_000)
  const zones = new ClosedZones(tableOf(1 << 20), () => now)
  const ask = async () => {
    for (let i = 0; i < 50; i++) {
      t.equal(zones.filterOf(zone, ZONE_LABELS, []), undefined)
      await setImmediate()
    }
  }
  await ask()
  t.equal(zone.asked, 1)
  now = NO_ROOM_MS
  await ask()
  t.equal(zone.asked, 2)
  zones.close()
})
