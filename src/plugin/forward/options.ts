import { isAddress, splitHostPort } from '../../corefile/addresses.ts'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import {
  formatDuration,
  parseDuration,
  parseInteger,
  parseUnsigned,
} from '../../corefile/values.ts'
import { isDomainName, normalizeName, normalizeZones } from '../../corefile/zones.ts'
import { RCODE, rcodeFromText } from '../../wire/codes.ts'

/** The options of one `forward`, defaults filled in. Times in milliseconds. */
export interface Options {
  except: string[]
  maxFails: number
  /** Undefined: {@link ATTEMPTS_PER_UPSTREAM} for each upstream. */
  maxConnectAttempts: number | undefined
  healthIntervalMs: number
  healthRecursionDesired: boolean
  healthDomain: string
  forceTcp: boolean
  preferUdp: boolean
  /** Files of `tls`; undefined without it. */
  tlsFiles: string[] | undefined
  tlsServerName: string
  expireMs: number
  maxAgeMs: number
  maxIdle: number
  readMs: number
  dohMethod: 'GET' | 'POST'
  policy: 'random' | 'round_robin' | 'sequential'
  maxConcurrent: number
  maxConcurrentText: string
  next: Set<number>
  nextOnNodata: boolean
  failFast: boolean
  failover: Set<number>
  resolvers: string[]
  source: string | undefined
}

const defaults = (): Options => ({
  except: [],
  maxFails: 2,
  maxConnectAttempts: undefined,
  healthIntervalMs: 500,
  healthRecursionDesired: true,
  healthDomain: '.',
  forceTcp: false,
  preferUdp: false,
  tlsFiles: undefined,
  tlsServerName: '',
  expireMs: 10_000,
  maxAgeMs: 0,
  maxIdle: 0,
  readMs: 2000,
  dohMethod: 'POST',
  policy: 'random',
  maxConcurrent: 0,
  maxConcurrentText: '0',
  next: new Set(),
  nextOnNodata: false,
  failFast: false,
  failover: new Set(),
  resolvers: [],
  source: undefined,
})

/** Reads the block of one `forward`, whose arguments have been read. */
export function parseOptions(tokens: Dispenser): Options {
  const options = defaults()
  while (tokens.nextBlock()) {
    const parse = Object.hasOwn(PARSERS, tokens.val()) ? PARSERS[tokens.val()] : undefined
    if (parse === undefined) throw tokens.err(`unknown property '${tokens.val()}'`)
    parse(tokens, options)
  }
  const { maxAgeMs, expireMs } = options
  if (maxAgeMs > 0 && maxAgeMs < expireMs) {
    const [age, expire] = [formatDuration(maxAgeMs), formatDuration(expireMs)]
    throw new Error(`max_age (${age}) must not be less than expire (${expire})`)
  }
  return options
}

type Parser = (tokens: Dispenser, options: Options) => void

const PARSERS: Readonly<Record<string, Parser>> = {
  except: (tokens, options) => options.except.push(...normalizeZones(several(tokens))),
  max_fails: (tokens, options) => {
    options.maxFails = parseUnsigned(one(tokens), 32)
  },
  max_connect_attempts: (tokens, options) => {
    options.maxConnectAttempts = parseUnsigned(one(tokens), 32)
  },
  health_check: parseHealthCheck,
  force_tcp: (tokens, options) => {
    if (tokens.nextArg()) throw tokens.argErr()
    options.forceTcp = true
  },
  prefer_udp: (tokens, options) => {
    if (tokens.nextArg()) throw tokens.argErr()
    options.preferUdp = true
  },
  tls: (tokens, options) => {
    const files = tokens.remainingArgs()
    if (files.length > 3) throw tokens.argErr()
    options.tlsFiles = files
  },
  tls_servername: (tokens, options) => {
    options.tlsServerName = one(tokens)
  },
  expire: (tokens, options) => {
    options.expireMs = notNegative('expire', one(tokens))
  },
  max_age: (tokens, options) => {
    options.maxAgeMs = notNegative('max_age', one(tokens))
  },
  max_idle_conns: (tokens, options) => {
    options.maxIdle = parseInteger(one(tokens))
    if (options.maxIdle < 0) {
      throw new Error(`max_idle_conns can't be negative: ${options.maxIdle}`)
    }
  },
  read_timeout: (tokens, options) => {
    options.readMs = parseDuration(one(tokens))
    if (options.readMs <= 0) {
      throw new Error(`read_timeout must be positive: ${formatDuration(options.readMs)}`)
    }
  },
  doh_method: (tokens, options) => {
    const method = one(tokens)
    if (method !== 'GET' && method !== 'POST') {
      throw new Error('doh_method must be either POST or GET')
    }
    options.dohMethod = method
  },
  policy: (tokens, options) => {
    const policy = one(tokens)
    if (policy !== 'random' && policy !== 'round_robin' && policy !== 'sequential') {
      throw tokens.err(`unknown policy '${policy}'`)
    }
    options.policy = policy
  },
  max_concurrent: (tokens, options) => {
    options.maxConcurrentText = one(tokens)
    options.maxConcurrent = parseInteger(options.maxConcurrentText)
    if (options.maxConcurrent < 0) {
      throw new Error(`max_concurrent can't be negative: ${options.maxConcurrent}`)
    }
  },
  next: (tokens, options) => {
    for (const word of several(tokens)) options.next.add(rcode(word))
  },
  next_on_nodata: (tokens, options) => {
    if (tokens.nextArg()) throw tokens.argErr()
    options.nextOnNodata = true
  },
  failfast_all_unhealthy_upstreams: (tokens, options) => {
    if (tokens.remainingArgs().length > 0) throw tokens.argErr()
    options.failFast = true
  },
  failover: (tokens, options) => {
    for (const word of several(tokens)) {
      const code = rcode(word)
      if (code === RCODE.NOERROR) throw new Error('NoError cannot be used in failover')
      options.failover.add(code)
    }
  },
  resolver: (tokens, options) => {
    options.resolvers = several(tokens)
    for (const resolver of options.resolvers) {
      if (!isAddress(splitHostPort(resolver)?.host ?? resolver)) {
        throw new Error(`resolver must be an IP address or IP:port: ${quote(resolver)}`)
      }
    }
  },
  source_address: (tokens, options) => {
    options.source = one(tokens)
    if (!isAddress(options.source)) throw tokens.err(`invalid IP address: ${options.source}`)
  },
}

function parseHealthCheck(tokens: Dispenser, options: Options): void {
  const interval = parseDuration(one(tokens))
  if (interval < 0) {
    throw new Error(`health_check can't be negative: ${Math.round(interval * 1e6)}`)
  }
  options.healthIntervalMs = interval
  options.healthDomain = '.'
  while (tokens.nextArg()) {
    const word = tokens.val()
    if (word === 'no_rec') options.healthRecursionDesired = false
    else if (word === 'domain') options.healthDomain = healthDomain(one(tokens))
    else throw new Error(`health_check: unknown option ${word}`)
  }
}

function healthDomain(text: string): string {
  if (!isDomainName(text)) throw new Error(`health_check: invalid domain name ${text}`)
  return normalizeName(text)
}

function one(tokens: Dispenser): string {
  if (!tokens.nextArg()) throw tokens.argErr()
  return tokens.val()
}

function several(tokens: Dispenser): string[] {
  const args = tokens.remainingArgs()
  if (args.length === 0) throw tokens.argErr()
  return args
}

function notNegative(what: string, text: string): number {
  const duration = parseDuration(text)
  if (duration < 0) throw new Error(`${what} can't be negative: ${formatDuration(duration)}`)
  return duration
}

function rcode(word: string): number {
  const code = rcodeFromText(word.toUpperCase())
  if (code === undefined) throw new Error(`${word} is not a valid rcode`)
  return code
}
