// On a disk of its own that holds 16 pages, in the folder that is named: writes snapshots that just fit, and some that just do not. Prints what was found after each.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/kube/clock.ts'
import { Interner } from '../../src/kube/intern.ts'
import { MemoryStore } from '../../src/kube/memory.ts'
import { applyObject, RESOURCES } from '../../src/kube/resources.ts'
import { loadSnapshot, writeSnapshot } from '../../src/kube/snapshot.ts'
import { service } from './objects.ts'

const OPTIONS = { endpoints: true, multicluster: false, zonal: false, clock: systemClock }
const PAGES = 16
const PAGE_OCTETS = 4096
/** The old file keeps one. */
const ROOM = (PAGES - 1) * PAGE_OCTETS

const file = join(process.argv[2] as string, 'snapshot')
const storeWith = (octets: number): MemoryStore => {
  const store = new MemoryStore(OPTIONS)
  applyObject(
    store,
    RESOURCES.services,
    service('a', 'x', { externalName: 'x'.repeat(octets) }),
    new Interner(),
  )
  return store
}
const write = (octets: number) => writeSnapshot(storeWith(octets), file, { source: 'here', at: 12 })

await write(0)
const least = statSync(file).size
const found = { written: 0, failed: 0, refused: 0 }
// From a checksum that ends with the disk to one that begins behind it.
for (let octets = ROOM - least; octets <= ROOM - least + 70; octets++) {
  await write(0)
  await write(octets).then(
    () => found.written++,
    () => found.failed++,
  )
  const loaded = await loadSnapshot(new MemoryStore(OPTIONS), file, 'here', new Interner())
  if (!('records' in loaded)) found.refused++
}
console.log(JSON.stringify(found))
