import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { formatDuration } from '../../corefile/values.ts'
import type { Logger } from '../../log.ts'
import { fold, type Name, nameFromText } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { addressOctets } from '../cidr.ts'
import { every } from '../every.ts'

/** Of an address that the file does not name. */
const DEFAULT_WEIGHT = 1
const MAX_WEIGHT = 255

/** Weights of addresses by the name that owns them. */
export type Weights = ReadonlyMap<Name, ReadonlyMap<Octets, number>>

/** A file of weights, read at the start and again every so often. */
export class WeightFile {
  private readonly path: string
  private readonly reloadMs: number
  private readonly log: Logger
  private weights: Weights = new Map()
  private digest = ''
  private timer: NodeJS.Timeout | undefined

  /** @param reloadMs 0: never read again */
  constructor(path: string, reloadMs: number, log: Logger) {
    this.path = path
    this.reloadMs = reloadMs
    this.log = log
  }

  /** @throws Error when the file is wrong, or when it cannot be opened and is never read again */
  start(): void {
    const failure = this.load()
    if (failure === OPEN_FAILURE && this.reloadMs !== 0) {
      const period = formatDuration(this.reloadMs)
      this.log.warning(`Failed to open weight file:${failure}. Will try again in ${period}`)
    } else if (failure !== undefined) {
      throw new Error(`plugin/loadbalance: ${failure}`)
    }
    if (this.reloadMs === 0) return
    this.timer = every(this.reloadMs, () => this.reload())
  }

  stop(): void {
    clearInterval(this.timer)
  }

  reload(): void {
    const failure = this.load()
    if (failure !== undefined) this.log.error(failure)
  }

  /** The weight of an address record. */
  readonly of = (rr: Rr): number =>
    this.weights.get(fold(rr.owner))?.get(rr.rdata) ?? DEFAULT_WEIGHT

  /** Takes over what the file says now; returns what is wrong with it. */
  private load(): string | undefined {
    let text: Buffer
    try {
      text = readFileSync(this.path)
    } catch {
      return OPEN_FAILURE
    }
    const digest = createHash('sha256').update(text).digest('hex')
    if (digest === this.digest) return undefined
    this.digest = digest
    try {
      this.weights = parseWeights(text.toString('utf8'), this.path)
    } catch (error) {
      return (error as Error).message
    }
    this.log.info(`Successfully reloaded weight file ${this.path}`)
    return undefined
  }
}

const OPEN_FAILURE = 'weight file open error'

/**
 * Reads a name on a line of its own and below it its addresses, one a line with its weight; `#` begins a comment line.
 *
 * @throws Error
 */
export function parseWeights(text: string, path: string): Weights {
  const weights = new Map<Name, Map<Octets, number>>()
  let current: Map<Octets, number> | undefined
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [first = '', second, ...rest] = line.split(/\s+/)
    if (rest.length > 0) {
      throw new Error(`could not parse weight line:"${line}" in weight file ${path}`)
    }
    if (second === undefined) current = startName(weights, first, path)
    else addAddress(current, first, second, path)
  }
  return weights
}

function startName(
  weights: Map<Name, Map<Octets, number>>,
  text: string,
  path: string,
): Map<Octets, number> {
  const name = isIP(text) === 0 ? nameFromText(text) : undefined
  if (name === undefined) {
    const hint = isIP(text) === 0 ? '' : ' (Maybe a missing weight value?)'
    throw new Error(`wrong domain name:"${text}" in weight file ${path}.${hint}`)
  }
  const known = weights.get(fold(name)) ?? new Map<Octets, number>()
  weights.set(fold(name), known)
  return known
}

function addAddress(
  current: Map<Octets, number> | undefined,
  address: string,
  weight: string,
  path: string,
): void {
  const octets = addressOctets(address)
  if (octets === undefined || address.includes('%')) {
    throw new Error(`wrong IP address:"${address}" in weight file ${path}`)
  }
  const value = /^\d{1,3}$/.test(weight) ? Number(weight) : 0
  if (value < 1 || value > MAX_WEIGHT) {
    throw new Error(`wrong weight value:"${weight}" in weight file ${path}`)
  }
  if (current === undefined) throw new Error(`missing domain name in weight file ${path}`)
  if (!current.has(octets)) current.set(octets, value)
}
