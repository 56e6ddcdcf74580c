import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/kube/clock.ts'
import { Interner } from '../../src/kube/intern.ts'
import { MemoryStore } from '../../src/kube/memory.ts'
import { applyObject, RESOURCES } from '../../src/kube/resources.ts'
import {
  loadSnapshot,
  MAX_LINE_OCTETS,
  MAX_SNAPSHOT_OCTETS,
  writeSnapshot,
} from '../../src/kube/snapshot.ts'
import { SNAPSHOT_INTERVAL_MS, Snapshots } from '../../src/kube/snapshots.ts'
import type { ApiObject } from './fake-api.ts'
import { HandClock } from './hand-clock.ts'
import { namespace, pod, service, serviceImport, slice } from './objects.ts'
import { keptLog, scene, until } from './scene.ts'

const OPTIONS = { endpoints: true, multicluster: true, zonal: false, clock: systemClock }
const HEADING = { source: 'here', at: 12 }

function filled(): MemoryStore {
  const store = new MemoryStore(OPTIONS)
  const objects: ApiObject[] = [
    namespace('x'),
    service('a', 'x', {
      externalIPs: ['192.0.2.1'],
      publishNotReadyAddresses: true,
      selector: { a: 'b' },
    }),
    slice('s', 'x', 'a', [
      {
        addresses: ['10.1.0.1'],
        hostname: 'h',
        conditions: { ready: false, serving: true },
        zone: 'z',
      },
    ]),
    pod('p', 'x', '10.1.0.1', { labels: { app: 'p' } }),
    serviceImport('i', 'x', { type: 'Headless', ips: [], ports: [{ port: 1 }] }),
  ]
  for (const [i, object] of objects.entries()) {
    object.metadata.resourceVersion = String(100 + i)
    const kind = Object.values(RESOURCES).find(({ kind }) => kind === object.kind)!
    applyObject(store, kind, object, new Interner())
  }
  return store
}

function everything(store: MemoryStore): unknown {
  return JSON.parse(
    JSON.stringify(
      Object.values(store.shelves).map((shelf) => [...shelf.values()]),
      (key, value) => (key === 'generation' || key === 'lastChangeTrigger' ? undefined : value),
    ),
  )
}

t.test('what was written is loaded, record for record', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const store = filled()
  await writeSnapshot(store, file, HEADING)
  const other = new MemoryStore(OPTIONS)
  t.same(await loadSnapshot(other, file, 'here', new Interner()), { records: 5, at: 12 })
  t.same(everything(other), everything(store))
  t.equal(other.slicesByAddress('10.1.0.1').length, 1)
  t.same(readdirSync(join(file, '..')), ['snapshot'], 'nothing is left beside it')
})

t.test(
  'a snapshot that is damaged anywhere is refused, and nothing of it is in the store',
  async (t) => {
    const file = join(t.testdir(), 'snapshot')
    await writeSnapshot(filled(), file, HEADING)
    const whole = readFileSync(file)
    const damages = [0, 40, whole.length - 70, whole.length - 2].map((at) => {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 1
      return damaged
    })
    damages.push(whole.subarray(0, whole.length - 20), whole.subarray(0, 30), Buffer.alloc(0))
    for (const damaged of damages) {
      writeFileSync(file, damaged)
      const store = new MemoryStore(OPTIONS)
      t.match(await loadSnapshot(store, file, 'here', new Interner()), { refused: /damaged/ })
      t.equal(store.shelves.services.size, 0)
    }
  },
)

t.test('a snapshot of something else is refused, and a missing one is none', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'snapshot')
  await writeSnapshot(filled(), file, HEADING)
  const store = new MemoryStore(OPTIONS)
  t.match(await loadSnapshot(store, file, 'there', new Interner()), { refused: /another cluster/ })
  t.same(await loadSnapshot(store, join(folder, 'none'), 'here', new Interner()), { missing: true })
})

t.test('records longer than what is read at a time are whole', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const store = new MemoryStore(OPTIONS)
  const endpoints = Array.from({ length: 1000 }, (_, i) => ({
    addresses: [`fd00:${'0123:'.repeat(5)}0:${i.toString(16)}`],
    hostname: `host-${'x'.repeat(50)}-${i}`,
    nodeName: `ñode-${i}`,
  }))
  for (const name of ['one', 'two', 'three']) {
    const object = slice(name, 'x', 'a', endpoints)
    object.metadata.resourceVersion = '7'
    applyObject(store, RESOURCES.endpointslices, object, new Interner())
  }
  await writeSnapshot(store, file, HEADING)
  t.ok(readFileSync(file).length > 200_000)
  const other = new MemoryStore(OPTIONS)
  t.match(await loadSnapshot(other, file, 'here', new Interner()), { records: 3 })
  t.same(everything(other), everything(store))
})

t.test('a file or a line that is too long is refused', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const text = `["muster snapshot 1","here",1]\n"${'x'.repeat(2 * MAX_LINE_OCTETS)}"\n`
  writeFileSync(file, `${text}${createHash('sha256').update(text).digest('hex')}\n`)
  const store = new MemoryStore(OPTIONS)
  t.match(await loadSnapshot(store, file, 'here', new Interner()), { refused: /line/ })
  truncateSync(file, MAX_SNAPSHOT_OCTETS + 1)
  t.match(await loadSnapshot(store, file, 'here', new Interner()), { refused: /octets/ })
})

/** What keeps a file, with a source of its own. */
function keeper(t: Test, file: string, source: string) {
  const [clock, log] = [new HandClock(), keptLog()]
  const snapshots = new Snapshots(file, source, { store: filled(), clock, log })
  t.teardown(() => snapshots.stop())
  return { snapshots, clock, log }
}

t.test('of two stores that keep one file the younger one writes, until it is gone', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const source = () => JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!)[1]
  const first = keeper(t, file, 'first')
  first.snapshots.start()
  await until(() => first.snapshots.at !== undefined)
  const second = keeper(t, file, 'second')
  second.snapshots.start()
  await until(() => second.snapshots.at !== undefined)
  t.equal(source(), 'second')
  await second.snapshots.stop()
  t.equal(source(), 'second')
  const third = keeper(t, file, 'third')
  await first.snapshots.stop()
  t.equal(source(), 'second', 'the older one wrote nothing at its end')
  third.snapshots.start()
  await until(() => third.snapshots.at !== undefined)
  t.equal(source(), 'third')
})

t.test('a file that cannot be written is told of, and written when it can be', async (t) => {
  const folder = join(t.testdir(), 'folder')
  const { snapshots, clock, log } = keeper(t, join(folder, 'snapshot'), 'here')
  snapshots.start()
  await until(() => log.lines.length > 0)
  t.match(log.lines[0], /Failed to write snapshot .*no such file or directory/)
  mkdirSync(folder)
  await until(() => snapshots.at !== undefined, clock, SNAPSHOT_INTERVAL_MS)
  t.match(log.lines.at(-1), /Able to write snapshot .* again/)
  rmSync(folder, { recursive: true })
})

const inMountNamespace = (command: string) =>
  spawnSync('unshare', ['--mount', 'sh', '-c', command], { encoding: 'utf8', timeout: 300_000 })

/** Why there can be no disk of 16 pages of 4096 octets, and not one more; false where there can. */
function lacksSmallDisks(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'muster-disk-'))
  const fill = (octets: number) => `head -c ${octets} /dev/zero >'${folder}/x' 2>/dev/null`
  const probe = `mount -t tmpfs -o size=64k none '${folder}' && ${fill(65_536)} && ! ${fill(65_537)} && rm '${folder}/x' && ${fill(1)} && ! head -c 61441 /dev/zero >'${folder}/y' 2>/dev/null`
  const { status } = inMountNamespace(probe)
  rmSync(folder, { recursive: true })
  return status !== 0 && 'no mount namespaces here, no root, or other pages'
}

t.test(
  'on a disk that is nearly full the old file stays, or the new one is whole',
  { skip: lacksSmallDisks() },
  async (t) => {
    const script = fileURLToPath(new URL('full-disk.ts', import.meta.url))
    const folder = t.testdir()
    const { stdout, stderr } = inMountNamespace(
      `mount -t tmpfs -o size=64k none '${folder}' && exec '${process.execPath}' --no-warnings '${script}' '${folder}'`,
    )
    const line = /^\{.*\}$/m.exec(stdout)?.[0]
    if (line === undefined) return t.fail(stderr)
    t.strictSame(JSON.parse(line), { written: 1, failed: 70, refused: 0 })
  },
)

t.test('a restart while the API is away answers from the snapshot, and says so', async (t) => {
  const snapshot = join(t.testdir(), 'snapshot')
  const endpoints = { endpoint: '' }
  const first = await scene(t, { snapshot })
  endpoints.endpoint = `http://127.0.0.1:${first.api.port}`
  await until(() => first.store.synced)
  t.equal(first.open.source(), 'api')
  first.clock.advance(SNAPSHOT_INTERVAL_MS)
  await first.open.stop()

  const second = await scene(t, { snapshot, ...endpoints }, (api) => void api)
  first.api.fault = (request) => {
    request.socket.destroy()
    return true
  }
  const waited = second.open.whenSynced(5_000)
  second.clock.advance(5_000)
  t.equal(await waited, true)
  t.equal(second.open.source(), 'snapshot')
  t.equal(second.store.slices('db', 'shop').length, 1)
  t.match(second.lines.join('\n'), /answering from a snapshot/)

  // What went away meanwhile goes when the server is back.
  first.api.removeSilently('services', 'db', 'shop')
  first.api.fault = undefined
  await until(() => second.open.source() === 'api', second.clock, 50)
  t.equal(second.store.service('db', 'shop'), undefined)
})
