import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { Endpoint, type Fact, Namespace, Pod, Service, ServiceImport, Slice } from './facts.ts'
import type { Interner } from './intern.ts'
import type { MemoryStore } from './memory.ts'
import type { PortRecord } from './records.ts'
import type { Resource } from './resources.ts'

/**
 * The store on a disk, for a start while the API is away.
 *
 * A text file of JSON lines: a heading, a line for each record, and last the SHA-256 of all before it. It is written
 * beside the old one and takes its place when it is whole, so whoever reads finds the old one or the new one. It is read
 * twice, first for the checksum and then for the records, a piece at a time: a cluster's snapshot is too long to be held
 * beside the store.
 */

/** A larger file is refused; a cluster of 50,000 Services has a tenth of it. */
export const MAX_SNAPSHOT_OCTETS = 256 * 1024 * 1024
/** A file with a longer line is refused. The longest there may be is of a slice with its 1,000 endpoints. */
export const MAX_LINE_OCTETS = 4 * 1024 * 1024
/** What is read at a time. */
const PIECE_OCTETS = 64 * 1024
/** 64 hexadecimal digits and the end of their line. */
const CHECKSUM_OCTETS = 65
/** Records that are written, or read, in one turn of the event loop. */
const TURN_RECORDS = 500
const FORMAT = 'muster snapshot 1'

export interface SnapshotHeading {
  /** Where the records are from and which were asked for: a snapshot of something else is refused. */
  readonly source: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Records put in the store and their age, or why there are none. A file that is not there is no refusal. */
export type Loaded =
  | { readonly records: number; readonly at: number }
  | { readonly refused: string }
  | { readonly missing: true }

/** @throws what the file system says */
export async function writeSnapshot(
  store: MemoryStore,
  file: string,
  heading: SnapshotHeading,
): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  const handle = await open(temporary, 'w', 0o600)
  try {
    const hash = createHash('sha256')
    const write = async (lines: string): Promise<void> => {
      hash.update(lines)
      // `write` may write less than it was given, where a disk is nearly full.
      await handle.writeFile(lines)
    }
    await write(`${JSON.stringify([FORMAT, heading.source, heading.at])}\n`)
    let lines = ''
    let records = 0
    for (const line of linesOf(store)) {
      lines += line
      if (++records % TURN_RECORDS !== 0) continue
      await write(lines)
      lines = ''
    }
    await write(lines)
    await handle.writeFile(`${hash.digest('hex')}\n`)
    await handle.sync()
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  } finally {
    await handle.close()
  }
  try {
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
}

/** Fills an empty store. Nothing is put there unless the whole file is as it was written. */
export async function loadSnapshot(
  store: MemoryStore,
  file: string,
  source: string,
  pool: Interner,
): Promise<Loaded> {
  let handle: FileHandle
  try {
    handle = await open(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { missing: true } : { refused: message }
  }
  try {
    return await loadFrom(handle, store, source, pool)
  } catch (error) {
    return { refused: (error as Error).message }
  } finally {
    await handle.close()
  }
}

async function loadFrom(
  handle: FileHandle,
  store: MemoryStore,
  source: string,
  pool: Interner,
): Promise<Loaded> {
  const { size } = await handle.stat()
  if (size > MAX_SNAPSHOT_OCTETS) return { refused: `it has ${size} octets` }
  const octets = size - CHECKSUM_OCTETS
  if (octets <= 0 || !(await isWhole(handle, octets))) {
    return { refused: 'it is damaged: its checksum is another' }
  }
  const lines = linesIn(handle, octets)
  const [format, from, at] = JSON.parse((await lines.next()).value ?? '[]') as Heading
  if (format !== FORMAT) return { refused: `its format is not '${FORMAT}'` }
  if (from !== source) return { refused: 'it is of another cluster, or of other selectors' }
  let records = 0
  for await (const line of lines) {
    if (++records % TURN_RECORDS === 0) await setImmediate()
    putLine(store, line, pool)
  }
  return { records, at }
}

type Heading = [format: string, source: string, at: number]

async function isWhole(handle: FileHandle, octets: number): Promise<boolean> {
  const hash = createHash('sha256')
  for await (const piece of piecesOf(handle, octets)) hash.update(piece)
  const checksum = Buffer.alloc(CHECKSUM_OCTETS)
  await handle.read(checksum, 0, CHECKSUM_OCTETS, octets)
  return checksum.toString('latin1') === `${hash.digest('hex')}\n`
}

/** The beginning of a file. A piece is valid until the next one is asked for. */
async function* piecesOf(handle: FileHandle, octets: number): AsyncGenerator<Buffer, undefined> {
  const buffer = Buffer.alloc(Math.min(octets, PIECE_OCTETS))
  for (let at = 0; at < octets; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, octets - at), at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

async function* linesIn(handle: FileHandle, octets: number): AsyncGenerator<string, undefined> {
  let begun: Buffer = Buffer.alloc(0)
  for await (const piece of piecesOf(handle, octets)) {
    const text = begun.length === 0 ? piece : Buffer.concat([begun, piece])
    let start = 0
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
      yield text.toString('utf8', start, end)
      start = end + 1
    }
    begun = Buffer.from(text.subarray(start))
    if (begun.length > MAX_LINE_OCTETS) throw new Error('it has a line that is too long')
  }
}

type PackedPort = [number, string, string]

function* linesOf(store: MemoryStore): Generator<string, undefined> {
  const { services, endpointslices, namespaces, pods, serviceimports } = store.shelves
  for (const fact of namespaces.values()) yield line('namespaces', fact)
  for (const fact of services.values()) {
    const { clusterIPs, type, externalName, ports, externalIPs } = fact
    const flags = [fact.publishNotReadyAddresses, fact.selects]
    yield line('services', fact, clusterIPs, type, externalName, pack(ports), externalIPs, ...flags)
  }
  for (const fact of endpointslices.values()) {
    const { service, clusterService = null, sourceCluster, addressType, ports } = fact
    const endpoints = fact.endpoints.map((endpoint) => [
      endpoint.address,
      endpoint.hostname,
      endpoint.podName,
      endpoint.nodeName,
      endpoint.zone,
      endpoint.conditions,
    ])
    const names = [service, clusterService, sourceCluster, addressType]
    yield line('endpointslices', fact, ...names, pack(ports), endpoints)
  }
  for (const fact of pods.values()) yield line('pods', fact, fact.podIP, fact.labels)
  for (const fact of serviceimports.values()) {
    yield line('serviceimports', fact, fact.ips, fact.type, pack(fact.ports))
  }
}

function line(resource: Resource, fact: Fact, ...rest: unknown[]): string {
  return `${JSON.stringify([resource, fact.name, fact.namespace, fact.resourceVersion, ...rest])}\n`
}

function pack(ports: readonly PortRecord[]): PackedPort[] {
  return ports.map(({ number, name, protocol }) => [number, name, protocol])
}

/** Fields after the first four, as {@link linesOf} wrote them; the checksum vouches for their shape. */
type PackedService = [string[], string, string, PackedPort[], string[], boolean, boolean]
type PackedEndpoint = [string, string, string, string, string, number]
type PackedSlice = [string, string | null, string, string, PackedPort[], PackedEndpoint[]]
type PackedPod = [string, Record<string, string>]
type PackedImport = [string[], string, PackedPort[]]

function putLine(store: MemoryStore, text: string, pool: Interner): void {
  const [resource, name, ns, version, ...rest] = JSON.parse(text) as [
    Resource,
    string,
    string,
    string,
    ...unknown[],
  ]
  const namespace = pool.text(ns)
  const { shelves } = store
  if (resource === 'namespaces') shelves.namespaces.put(new Namespace(name, version))
  else if (resource === 'services') {
    const [clusterIPs, type, externalName, ports, externalIPs, all, selects] = rest as PackedService
    const spec = { clusterIPs, type: pool.text(type), externalName, externalIPs, selects }
    const service = { ...spec, ports: unpack(ports, pool), publishNotReadyAddresses: all }
    shelves.services.put(new Service(name, namespace, version, service))
  } else if (resource === 'endpointslices') {
    const slice = unpackSlice(rest as PackedSlice, pool)
    shelves.endpointslices.put(new Slice(name, namespace, version, slice))
  } else if (resource === 'pods') {
    const [podIP, labels] = rest as PackedPod
    shelves.pods.put(new Pod(name, namespace, version, podIP, labels))
  } else {
    const [ips, type, ports] = rest as PackedImport
    const spec = { ips, type: pool.text(type), ports: unpack(ports, pool) }
    shelves.serviceimports.put(new ServiceImport(name, namespace, version, spec))
  }
}

function unpackSlice(
  [service, clusterService, sourceCluster, addressType, ports, entries]: PackedSlice,
  pool: Interner,
): ConstructorParameters<typeof Slice>[3] {
  return {
    service,
    clusterService: clusterService ?? undefined,
    sourceCluster: pool.text(sourceCluster),
    addressType: pool.text(addressType),
    endpoints: entries.map(
      ([address, hostname, podName, nodeName, zone, conditions]) =>
        new Endpoint(address, hostname, podName, pool.text(nodeName), pool.text(zone), conditions),
    ),
    ports: unpack(ports, pool),
    // How long ago its cause was says nothing after a restart.
    lastChangeTrigger: Number.NaN,
  }
}

function unpack(ports: readonly PackedPort[], pool: Interner): readonly PortRecord[] {
  return pool.ports(ports.map(([number, name, protocol]) => ({ number, name, protocol })))
}
