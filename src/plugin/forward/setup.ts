import { readFileSync } from 'node:fs'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { normalizeZones } from '../../corefile/zones.ts'
import { HttpsClient } from '../../net/upstream/https.ts'
import type { TlsClient } from '../../net/upstream/stream.ts'
import { type Name, name, nameFromText } from '../../wire/name.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { ATTEMPTS_PER_UPSTREAM, Forward, type Stanza } from './forward.ts'
import { ForwardMetrics } from './metrics.ts'
import { type Options, parseOptions } from './options.ts'
import { type Policy, random, roundRobin, sequential } from './policy.ts'
import { resolveAt, systemResolve } from './resolve.ts'
import { MAX_TARGETS, parseTargets, type Target } from './targets.ts'
import { defaultTls, tlsFromFiles } from './tls.ts'
import { Upstream, type UpstreamSettings } from './upstream.ts'

const FILES = { readFile: (path: string) => readFileSync(path, 'utf8') }

/** `forward FROM TO... { … }`, any number of them. */
export const module: PluginModule = {
  name: 'forward',
  async setup(setup) {
    const metrics = new ForwardMetrics(setup.metrics)
    const parsed: Parsed[] = []
    while (setup.tokens.next()) parsed.push(await parseStanza(setup))
    for (const { entries } of parsed) {
      if (entries > MAX_TARGETS) {
        throw new Error(`more than ${MAX_TARGETS} TOs configured: ${entries}`)
      }
    }
    const stanzas = parsed.map((stanza) => build(stanza, setup, metrics))
    const forward = new Forward(stanzas, metrics, setup.host)
    setup.onStop(() => forward.stop())
    return forward
  },
}

interface Parsed {
  readonly from: Name
  readonly options: Options
  readonly targets: readonly Target[]
  readonly entries: number
}

async function parseStanza({ tokens, log, host }: Setup): Promise<Parsed> {
  const from = parseFrom(tokens, log)
  const texts = tokens.remainingArgs()
  if (texts.length === 0) throw tokens.argErr()
  const options = parseOptions(tokens)
  const { resolvers } = options
  const resolve = resolvers.length === 0 ? systemResolve : resolveAt(resolvers, () => host.now())
  const { targets, entries } = await parseTargets(texts, FILES, resolve)
  if (targets.length === 0) throw new Error('no valid upstream addresses found')
  for (const target of targets) checkServerName(target, options)
  return { from, options, targets, entries }
}

function parseFrom(tokens: Dispenser, log: Setup['log']): Name {
  if (!tokens.nextArg()) throw tokens.argErr()
  const text = tokens.val()
  const [zone, ...others] = normalizeZones([text])
  const from = zone === undefined ? undefined : nameFromText(zone)
  if (from === undefined) throw new Error(`unable to normalize '${text}'`)
  if (others.length > 0) {
    log.warning(
      `Unsupported CIDR notation: '${text}' expands to multiple zones. Using only '${zone}'.`,
    )
  }
  return from
}

function checkServerName(target: Target, { tlsServerName }: Options): void {
  const { transport, serverName, address } = target
  if (transport === 'tls' && serverName !== undefined && tlsServerName !== '') {
    throw new Error(
      `both forward ('${tlsServerName}') and proxy level ('${serverName}') TLS servernames are set for upstream proxy '${transport}://${address}'`,
    )
  }
}

function build(parsed: Parsed, setup: Setup, metrics: ForwardMetrics): Stanza {
  const { options, targets, from } = parsed
  const { host, block } = setup
  const tls = targets.every((target) => target.transport === 'dns')
    ? {}
    : options.tlsFiles === undefined
      ? defaultTls()
      : tlsFromFiles(options.tlsFiles, block.root)
  if (options.tlsFiles !== undefined) tlsFromFiles(options.tlsFiles, block.root)
  const upstreams = targets.map((target) => {
    const settings = settingsOf(options, target, () => host.now())
    return new Upstream(clientOf(target, options, tls), settings, metrics.to(target.address))
  })
  return {
    from,
    upstreams,
    except: options.except.map((zone) => name(zone)),
    policy: policyOf(options, () => host.random()),
    forceTcp: options.forceTcp,
    preferUdp: options.preferUdp,
    maxFails: options.maxFails,
    maxAttempts: options.maxConnectAttempts ?? ATTEMPTS_PER_UPSTREAM * upstreams.length,
    maxConcurrent: options.maxConcurrent,
    maxConcurrentText: options.maxConcurrentText,
    failFast: options.failFast,
    failover: options.failover,
    next: options.next,
    nextOnNodata: options.nextOnNodata,
  }
}

function clientOf(
  target: Target,
  options: Options,
  tls: TlsClient['options'],
): ConstructorParameters<typeof Upstream>[0] {
  const { address, transport } = target
  const peer = { address: target.host, port: target.port }
  const serverName = target.serverName ?? (options.tlsServerName || undefined)
  const https =
    transport === 'https'
      ? new HttpsClient({
          peer,
          method: options.dohMethod,
          tls,
          serverName: options.tlsServerName || undefined,
          source: options.source,
          idleMs: options.expireMs,
        })
      : undefined
  const overTls = transport === 'tls' ? { options: tls, serverName, session: undefined } : undefined
  return { address, peer, tls: overTls, https }
}

function settingsOf(options: Options, target: Target, now: () => number): UpstreamSettings {
  return {
    expireMs: options.expireMs,
    maxAgeMs: options.maxAgeMs,
    maxIdle: options.maxIdle,
    readMs: options.readMs,
    source: options.source,
    health: {
      intervalMs: options.healthIntervalMs,
      recursionDesired: options.healthRecursionDesired,
      domain: name(options.healthDomain),
      tcp: options.forceTcp && target.transport !== 'tls',
    },
    now,
  }
}

function policyOf({ policy }: Options, chance: () => number): Policy {
  if (policy === 'round_robin') return roundRobin()
  return policy === 'sequential' ? sequential : random(chance)
}
