import { parseInteger } from '../../corefile/values.ts'
import { normalizeZones } from '../../corefile/zones.ts'
import { type Name, nameFromText, ROOT } from '../../wire/name.ts'
import { DEFAULT_TTL, MAX_TTL } from '../kubernetes/config.ts'
import { Kubernetes } from '../kubernetes/kubernetes.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { type ExternalConfig, K8sExternal } from './k8s_external.ts'

export const module: PluginModule = {
  name: 'k8s_external',
  setup(setup) {
    const config = parse(setup)
    setup.onStart(() => void kubernetesOf(setup))
    let kubernetes: Kubernetes | undefined
    return new K8sExternal(config, () => {
      kubernetes ??= kubernetesOf(setup)
      return kubernetes
    })
  },
}

/** The block's kubernetes plugin, without which there is nothing to answer with. */
function kubernetesOf(setup: Setup): Kubernetes {
  const plugin = setup.plugin('kubernetes')
  if (plugin instanceof Kubernetes) return plugin
  throw new Error('plugin/k8s_external: kubernetes plugin not loaded')
}

/** Reads `k8s_external [ZONE...] { … }`; of several occurrences the last one's zones count, and every option. */
function parse({ tokens, block }: Setup): ExternalConfig {
  let config: ExternalConfig = {
    zones: block.zones,
    apex: nameFromText('dns') as Name,
    ttl: DEFAULT_TTL,
    headless: false,
    fallthrough: [],
  }
  while (tokens.next()) {
    const args = tokens.remainingArgs()
    config = { ...config, zones: args.length === 0 ? block.zones : namesOf(normalizeZones(args)) }
    while (tokens.nextBlock()) config = { ...config, ...option(tokens) }
  }
  return config
}

function option(tokens: Setup['tokens']): Partial<ExternalConfig> {
  switch (tokens.val()) {
    case 'ttl': {
      const ttl = parseInteger(first(tokens))
      if (ttl < 0 || ttl > MAX_TTL) throw tokens.err(`ttl must be in range [0, ${MAX_TTL}]: ${ttl}`)
      return { ttl }
    }
    case 'apex': {
      const apex = nameFromText(first(tokens))
      if (apex === undefined || apex === ROOT) throw tokens.err('apex must be a domain name')
      return { apex }
    }
    case 'headless':
      return { headless: true }
    case 'fallthrough': {
      const args = tokens.remainingArgs()
      return { fallthrough: args.length === 0 ? [ROOT] : namesOf(normalizeZones(args)) }
    }
    default:
      throw tokens.err(`unknown property '${tokens.val()}'`)
  }
}

function first(tokens: Setup['tokens']): string {
  const [text] = tokens.remainingArgs()
  if (text === undefined) throw tokens.argErr()
  return text
}

function namesOf(texts: readonly string[]): Name[] {
  return texts.map((text) => nameFromText(text)).filter((name) => name !== undefined)
}
