import type { Dispenser } from '../../corefile/dispenser.ts'
import { parseDuration, parsedOrUndefined, parseInteger } from '../../corefile/values.ts'
import { normalizeName, zonesOrBlock } from '../../corefile/zones.ts'

/** Capacity and bounds in seconds of one kind of item. */
export interface Bounds {
  capacity: number
  maxTtl: number
  minTtl: number
}

/** What `cache` says; times in milliseconds unless they are TTLs, which are in seconds. */
export interface Options {
  zones: string[]
  success: Bounds
  denial: Bounds
  /** Seconds for SERVFAIL and NOTIMP; 0 keeps none. */
  failureTtl: number
  /** Clients who must have asked; 0 turns it off. */
  prefetch: number
  prefetchWithinMs: number
  prefetchPercent: number
  /** Seconds for which an item is given out after its end; 0 for none. */
  staleFor: number
  /** Ask first, and give the stale item only when that fails. */
  verify: boolean
  /** How long to wait for that; 0 waits for as long as it takes. */
  verifyMs: number
  /** TTL of stale replies. */
  staleTtl: number
  /** Pause after a refresh that failed; 0 for none. */
  recheckMs: number
  preferPositive: boolean
  /** Zones below which no answers, and no denials, are kept. */
  exceptSuccess: string[]
  exceptDenial: string[]
  keepTtl: boolean
}

const DEFAULT_CAPACITY = 10_000
const MAX_TTL = 3600
const MAX_DENIAL_TTL = MAX_TTL / 2
const MIN_TTL = 5
const MAX_FAILURE_MS = 5 * 60_000
const MAX_RECHECK_MS = 5 * 60_000

const defaults = (): Options => ({
  zones: ['.'],
  success: { capacity: DEFAULT_CAPACITY, maxTtl: MAX_TTL, minTtl: MIN_TTL },
  denial: { capacity: DEFAULT_CAPACITY, maxTtl: MAX_DENIAL_TTL, minTtl: MIN_TTL },
  failureTtl: MIN_TTL,
  prefetch: 0,
  prefetchWithinMs: 60_000,
  prefetchPercent: 10,
  staleFor: 0,
  verify: false,
  verifyMs: 0,
  staleTtl: 0,
  recheckMs: 0,
  preferPositive: false,
  exceptSuccess: [],
  exceptDenial: [],
  keepTtl: false,
})

/** Reads `cache [TTL] [ZONES...] { … }`; without zones those of the block. */
export function parseOptions(tokens: Dispenser, blockZones: readonly string[]): Options {
  const options = defaults()
  while (tokens.next()) {
    const args = tokens.remainingArgs()
    const ttl = args[0] === undefined ? undefined : parsedOrUndefined(parseInteger, args[0])
    if (ttl !== undefined) {
      options.success.maxTtl = positive(ttl)
      options.denial.maxTtl = ttl
      args.shift()
    }
    options.zones = zonesOrBlock(args, blockZones)
    parseBlock(tokens, options)
  }
  return options
}

function parseBlock(tokens: Dispenser, options: Options): void {
  const seen = new Set<string>()
  while (tokens.nextBlock()) {
    const word = tokens.val()
    const parse = Object.hasOwn(PARSERS, word) ? PARSERS[word] : undefined
    if (parse === undefined) throw tokens.argErr()
    if (word === 'serve_stale_policy' && seen.has(word)) {
      throw new Error('serve_stale_policy can only be specified once')
    }
    seen.add(word)
    parse(tokens, options)
  }
  if (seen.has('serve_stale_policy') && !seen.has('serve_stale')) {
    throw new Error('serve_stale_policy requires serve_stale')
  }
}

type Parser = (tokens: Dispenser, options: Options) => void

const PARSERS: Readonly<Record<string, Parser>> = {
  success: (tokens, options) => parseBounds(tokens, options.success),
  denial: (tokens, options) => parseBounds(tokens, options.denial),
  prefetch: parsePrefetch,
  serve_stale: parseServeStale,
  serve_stale_policy: (tokens, options) => {
    const args = tokens.remainingArgs()
    if (args.length !== 1) throw tokens.argErr()
    if (args[0]?.toLowerCase() !== 'prefer_positive') {
      throw new Error(`invalid serve_stale_policy: ${args[0]}`)
    }
    options.preferPositive = true
  },
  servfail: (tokens, options) => {
    const args = tokens.remainingArgs()
    if (args.length !== 1) throw tokens.argErr()
    const duration = parseDuration(args[0] as string)
    if (duration < 0) throw new Error('invalid negative ttl for servfail')
    if (duration > MAX_FAILURE_MS) {
      throw new Error('caching SERVFAIL responses over 5 minutes is not permitted')
    }
    options.failureTtl = duration / 1000
  },
  disable: parseDisable,
  keepttl: (tokens, options) => {
    if (tokens.remainingArgs().length > 0) throw tokens.argErr()
    options.keepTtl = true
  },
}

/** `success CAPACITY [TTL] [MINTTL]`. */
function parseBounds(tokens: Dispenser, bounds: Bounds): void {
  const [capacity, maxTtl, minTtl] = tokens.remainingArgs()
  if (capacity === undefined) throw tokens.argErr()
  bounds.capacity = parseInteger(capacity)
  if (maxTtl === undefined) return
  bounds.maxTtl = positive(parseInteger(maxTtl))
  if (minTtl === undefined) return
  bounds.minTtl = parseInteger(minTtl)
  if (bounds.minTtl < 0) throw new Error(`cache min TTL can not be negative: ${bounds.minTtl}`)
}

function positive(ttl: number): number {
  if (ttl <= 0) throw new Error(`cache TTL can not be zero or negative: ${ttl}`)
  return ttl
}

/** `prefetch AMOUNT [DURATION] [PERCENTAGE%]`. */
function parsePrefetch(tokens: Dispenser, options: Options): void {
  const args = tokens.remainingArgs()
  const [amount, duration, percentage] = args
  if (amount === undefined || args.length > 3) throw tokens.argErr()
  options.prefetch = parseInteger(amount)
  if (options.prefetch < 0) {
    throw new Error(`prefetch amount should be positive: ${options.prefetch}`)
  }
  if (duration !== undefined) options.prefetchWithinMs = parseDuration(duration)
  if (percentage === undefined) return
  if (!percentage.endsWith('%')) {
    throw new Error(
      `last character of percentage should be \`%\`, but is: '${percentage.slice(-1)}'`,
    )
  }
  options.prefetchPercent = parseInteger(percentage.slice(0, -1))
  if (options.prefetchPercent < 10 || options.prefetchPercent > 90) {
    throw new Error(`percentage should fall in range [10, 90]: ${options.prefetchPercent}`)
  }
}

/** `serve_stale [DURATION] [immediate [TTL] [RECHECK] | verify [TIMEOUT] [TTL] [RECHECK]]`. */
function parseServeStale(tokens: Dispenser, options: Options): void {
  const args = tokens.remainingArgs()
  if (args.length > 5) throw tokens.argErr()
  const [duration = '1h', mode = 'immediate', ...rest] = args
  const staleMs = parseDuration(duration)
  if (staleMs < 0) throw new Error('invalid negative duration for serve_stale')
  options.staleFor = staleMs / 1000
  const lower = mode.toLowerCase()
  if (lower !== 'immediate' && lower !== 'verify') {
    throw new Error(`invalid value for serve_stale refresh mode: ${lower}`)
  }
  options.verify = lower === 'verify'
  options.verifyMs = options.verify ? parseVerifyTimeout(rest.shift()) : 0
  const [ttl, recheck, ...more] = rest
  if (more.length > 0) throw tokens.argErr()
  options.staleTtl = ttl === undefined ? 0 : parseStaleTtl(ttl)
  options.recheckMs = recheck === undefined ? 0 : parseRecheck(recheck)
}

function parseVerifyTimeout(text: string | undefined): number {
  if (text === undefined) return 0
  const timeout = durationOf('invalid serve_stale verify timeout', text)
  if (timeout < 0) throw new Error('invalid negative timeout for serve_stale verify')
  return timeout
}

function parseStaleTtl(text: string): number {
  const ttl = durationOf('invalid serve_stale response TTL', text)
  if (ttl < 0) throw new Error('invalid negative response TTL for serve_stale')
  if (ttl % 1000 !== 0)
    throw new Error('serve_stale response TTL must be a whole number of seconds')
  if (ttl / 1000 > 0xffffffff) {
    throw new Error('serve_stale response TTL exceeds the DNS TTL range')
  }
  return ttl / 1000
}

function parseRecheck(text: string): number {
  const recheck = durationOf('invalid serve_stale failure recheck', text)
  if (recheck < 0) throw new Error('invalid negative failure recheck for serve_stale')
  if (recheck > MAX_RECHECK_MS) {
    throw new Error('serve_stale failure recheck cannot exceed 5 minutes')
  }
  return recheck
}

function durationOf(what: string, text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`)
  }
}

/** `disable success|denial [ZONES...]`. */
function parseDisable(tokens: Dispenser, options: Options): void {
  const [kind, ...zones] = tokens.remainingArgs()
  if (kind === undefined) throw tokens.argErr()
  const except = zones.length === 0 ? ['.'] : zones.map(normalizeName)
  if (kind === 'denial') options.exceptDenial = except
  else if (kind === 'success') options.exceptSuccess = except
  else throw new Error('cache type for disable must be "success" or "denial"')
}
