import t from 'tap'
import type { Shared } from '../../src/table/layout.ts'
import { Table } from '../../src/table/table.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { address, publication, query, reply } from './harness.ts'

const MIB = 1 << 20
/** Words that are always there: scopes, serials, filters, epochs. */
const FIXED_OCTETS = 8 << 10

function tableOf(mib: number, threads: number): Table {
  const { counters } = new TableVersions(1 << 8)
  const options = { octets: mib * MIB, readers: threads + 1, versions: counters }
  return new Table({ ...options, seed: 3, now: () => 0 })
}

function octetsOf({ versions: _, ...shared }: Shared): number {
  return Object.values(shared)
    .flat()
    .map((one) => (typeof one === 'number' ? 0 : one.byteLength))
    .reduce((sum, octets) => sum + octets, 0)
}

for (const mib of [1, 4, 32, 256]) {
  for (const threads of [1, 4, 32]) {
    t.test(`a table of ${mib} MiB for ${threads} threads takes no more`, async (t) => {
      const { shared } = tableOf(mib, threads)
      const octets = octetsOf(shared)
      t.ok(octets <= mib * MIB + FIXED_OCTETS, `${octets}`)
      t.ok(octets > 0.9 * mib * MIB, 'nor much less')
      t.ok(shared.heap.byteLength >= 0.4 * mib * MIB, 'and most of it is for answers')
    })
  }
}

t.test('the smallest table for the most threads still holds what is asked for', async (t) => {
  const table = tableOf(1, 32)
  const scope = table.openScope()
  const publish = (i: number) => {
    const asked = query(`web${i}.shop.svc.cluster.local`)
    return table.publish(publication(scope, asked, reply(asked, { answer: [address(1)] })))
  }
  for (let i = 0; i < 100; i++) t.equal(publish(i), 'published')
  t.equal(table.stats.entries, 100)
})
