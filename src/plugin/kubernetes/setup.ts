import { readFileSync } from 'node:fs'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import { parseResolvConf } from '../../corefile/resolvconf.ts'
import {
  formatDuration,
  parseDuration,
  parseFloatingPoint,
  parseInteger,
} from '../../corefile/values.ts'
import { normalizeName, normalizeZones } from '../../corefile/zones.ts'
import { parseSelector } from '../../kube/selector.ts'
import type { Logger } from '../../log.ts'
import { type Name, nameFromText, nameToText, ROOT } from '../../wire/name.ts'
import type { PluginModule } from '../setup.ts'
import {
  type Config,
  DEFAULT_STARTUP_TIMEOUT_MS,
  DEFAULT_TTL,
  MAX_TTL,
  type PodMode,
} from './config.ts'
import { inspectorOf, sharedStore, waitForSync } from './connect.ts'
import { Kubernetes } from './kubernetes.ts'
import { localAddresses } from './nameservers.ts'
import { isReverse } from './zones.ts'

export const module: PluginModule = {
  name: 'kubernetes',
  once: true,
  async setup(setup) {
    const config = parseBlock(setup.tokens, setup.block.zones, setup.log)
    const shared = sharedStore(setup, config)
    const store = await shared.store()
    const inspector = inspectorOf(setup, config)
    const stopped = new AbortController()
    setup.onStop(() => {
      stopped.abort()
      inspector.close()
    })
    const plugin = new Kubernetes({
      config,
      store,
      versions: setup.versions,
      storeName: shared.name,
      liveSerials: setup.serials !== undefined,
      search: searchOfThisMachine(),
      note: () => shared.note(),
      cluster: () => shared.standing(),
      inspector,
    })
    setup.onStart(async () => {
      await shared.start()
      await waitForSync(store, config.startupTimeoutMs, setup.log, { stopped: stopped.signal })
      plugin.localAddresses = localAddresses(setup.block.listenHosts)
    })
    return plugin
  },
}

type Draft = { -readonly [F in keyof Config]: Config[F] } & { namespaces: Set<string> }

/**
 * Reads `kubernetes [ZONE...] { … }`.
 *
 * @param blockZones the zones of the server block, for a directive without any
 */
export function parseBlock(tokens: Dispenser, blockZones: readonly Name[], log: Logger): Config {
  tokens.next()
  const args = tokens.remainingArgs()
  const zones = args.length === 0 ? blockZones : namesOf(normalizeZones(args))
  const primaryZone = zones.find((zone) => !isReverse(zone))
  if (primaryZone === undefined) throw new Error('non-reverse zone name must be used')
  const draft = withDefaults(zones, primaryZone)
  while (tokens.nextBlock()) {
    const read = DIRECTIVES[tokens.val()]
    if (read === undefined) throw tokens.err(`unknown property '${tokens.val()}'`)
    read(draft, tokens, log)
  }
  check(draft, tokens)
  return draft
}

function withDefaults(zones: readonly Name[], primaryZone: Name): Draft {
  return {
    zones,
    primaryZone,
    api: {
      endpoint: undefined,
      tls: undefined,
      kubeconfig: undefined,
      qps: undefined,
      burst: undefined,
      maxInflight: undefined,
    },
    namespaces: new Set(),
    namespaceLabels: undefined,
    labels: undefined,
    pods: 'disabled',
    endpointPodNames: false,
    ttl: DEFAULT_TTL,
    endpoints: true,
    fallthrough: [],
    ignoreEmptyService: false,
    multicluster: [],
    zonal: false,
    startupTimeoutMs: DEFAULT_STARTUP_TIMEOUT_MS,
    snapshot: undefined,
  }
}

/** What no directive can tell by itself. */
function check(config: Config, tokens: Dispenser): void {
  if (config.namespaces.size > 0 && config.namespaceLabels !== undefined) {
    throw tokens.err('namespaces and namespace_labels cannot both be set')
  }
  for (const zone of config.multicluster) {
    if (config.zones.includes(zone)) continue
    const zones = config.zones.map(nameToText).join(' ')
    throw tokens.err(
      `is not authoritative for the multicluster zone ${nameToText(zone)} (authoritative zones: [${zones}])`,
    )
  }
  if (config.zonal && !config.endpoints) {
    throw tokens.err('zonal requires the endpoint cache; remove noendpoints')
  }
}

const DIRECTIVES: Record<string, (draft: Draft, tokens: Dispenser, log: Logger) => void> = {
  __proto__: null as never,
  endpoint_pod_names(draft, tokens) {
    noArguments(tokens)
    draft.endpointPodNames = true
  },
  pods(draft, tokens) {
    const [mode = ''] = exactly(tokens, 1)
    if (!POD_MODES.has(mode)) {
      // Two blanks, as the reference writes it.
      throw new Error(
        `wrong value for pods: ${mode},  must be one of: disabled, verified, insecure`,
      )
    }
    draft.pods = mode as PodMode
  },
  namespaces(draft, tokens) {
    for (const namespace of some(tokens)) draft.namespaces.add(namespace)
  },
  endpoint(draft, tokens, log) {
    const [endpoint = '', ...more] = some(tokens)
    if (more.length > 0) {
      log.warning(
        `Multiple endpoints have been deprecated, only the first specified endpoint '${endpoint}' is used`,
      )
    }
    draft.api = { ...draft.api, endpoint }
  },
  tls(draft, tokens) {
    const [cert = '', key = '', ca = ''] = exactly(tokens, 3)
    draft.api = { ...draft.api, tls: { cert, key, ca } }
  },
  labels(draft, tokens) {
    draft.labels = selector(tokens, 'label')
  },
  namespace_labels(draft, tokens) {
    draft.namespaceLabels = selector(tokens, 'namespace_label')
  },
  fallthrough(draft, tokens) {
    const args = tokens.remainingArgs()
    draft.fallthrough = args.length === 0 ? [ROOT] : namesOf(normalizeZones(args))
  },
  ttl(draft, tokens) {
    const [text = ''] = some(tokens)
    const ttl = parseInteger(text)
    if (ttl < 0 || ttl > MAX_TTL) throw tokens.err(`ttl must be in range [0, ${MAX_TTL}]: ${ttl}`)
    draft.ttl = ttl
  },
  noendpoints(draft, tokens) {
    noArguments(tokens)
    draft.endpoints = false
  },
  zonal(draft, tokens) {
    noArguments(tokens)
    draft.zonal = true
  },
  ignore(draft, tokens) {
    const [what] = tokens.remainingArgs()
    if (what === undefined) return
    if (what !== 'empty_service') throw new Error(`unable to parse ignore value: '${what}'`)
    draft.ignoreEmptyService = true
  },
  kubeconfig(draft, tokens) {
    const [file, context, ...more] = tokens.remainingArgs()
    if (file === undefined || more.length > 0) throw tokens.argErr()
    draft.api = { ...draft.api, kubeconfig: { file, context } }
  },
  multicluster(draft, tokens) {
    draft.multicluster = namesOf(normalizeZones(tokens.remainingArgs()))
  },
  startup_timeout(draft, tokens) {
    const [text = ''] = some(tokens)
    draft.startupTimeoutMs = startupTimeout(tokens, text)
  },
  snapshot(draft, tokens) {
    const [file = ''] = exactly(tokens, 1)
    if (file === '') throw tokens.argErr()
    draft.snapshot = file
  },
  apiserver_qps(draft, tokens) {
    draft.api = { ...draft.api, qps: bound(tokens, 'apiserver_qps', parseFloatingPoint) }
  },
  apiserver_burst(draft, tokens) {
    draft.api = { ...draft.api, burst: bound(tokens, 'apiserver_burst', parseInteger) }
  },
  apiserver_max_inflight(draft, tokens) {
    const maxInflight = bound(tokens, 'apiserver_max_inflight', parseInteger)
    draft.api = { ...draft.api, maxInflight }
  },
}

const POD_MODES: ReadonlySet<string> = new Set<PodMode>(['disabled', 'insecure', 'verified'])

function noArguments(tokens: Dispenser): void {
  if (tokens.remainingArgs().length > 0) throw tokens.argErr()
}

function some(tokens: Dispenser): string[] {
  const args = tokens.remainingArgs()
  if (args.length === 0) throw tokens.argErr()
  return args
}

function exactly(tokens: Dispenser, count: number): string[] {
  const args = tokens.remainingArgs()
  if (args.length !== count) throw tokens.argErr()
  return args
}

function selector(tokens: Dispenser, what: string): string {
  const text = some(tokens).join(' ')
  const parsed = parseSelector(text)
  if ('error' in parsed) {
    throw new Error(`unable to parse ${what} selector value: '${text}': ${parsed.error}`)
  }
  return parsed.selector
}

/** The reference ends in a panic where the time is not positive. */
function startupTimeout(tokens: Dispenser, text: string): number {
  let milliseconds: number
  try {
    milliseconds = parseDuration(text)
  } catch (error) {
    throw new Error(`failed to parse startup_timeout: ${text}, ${(error as Error).message}`)
  }
  if (milliseconds > 0) return milliseconds
  throw tokens.err(`startup_timeout must be greater than 0: ${formatDuration(milliseconds)}`)
}

function bound(tokens: Dispenser, word: string, parse: (text: string) => number): number {
  const [text = ''] = exactly(tokens, 1)
  let value: number
  try {
    value = parse(text)
  } catch (error) {
    throw tokens.err(`invalid ${word} ${quote(text)}: ${(error as Error).message}`)
  }
  if (value < 0) throw tokens.err(`${word} must be >= 0`)
  return value
}

function namesOf(texts: readonly string[]): Name[] {
  return texts.map((text) => nameFromText(text)).filter((name) => name !== undefined)
}

/** The search list that this machine's resolver has; none where it cannot be read. */
function searchOfThisMachine(): Name[] {
  try {
    return namesOf(
      parseResolvConf(readFileSync('/etc/resolv.conf', 'utf8')).search.map(normalizeName),
    )
  } catch {
    return []
  }
}
