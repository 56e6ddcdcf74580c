import { readFileSync } from 'node:fs'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import { parseResolvConf } from '../../corefile/resolvconf.ts'
import { normalizeName, normalizeZones } from '../../corefile/zones.ts'
import { type Name, nameFromText, ROOT } from '../../wire/name.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { Autopath, type SearchPath } from './autopath.ts'
import { successCounter } from './metrics.ts'

export const module: PluginModule = {
  name: 'autopath',
  setup(setup) {
    const { zones, path } = parse(setup)
    if ('provider' in path) setup.onStart(() => checkProvider(setup, path.provider))
    return new Autopath(zones, path, successCounter(setup.metrics))
  },
}

/** Reads `autopath [ZONE...] RESOLV-CONF|@PLUGIN`. The last occurrence counts. */
function parse(setup: Setup): { zones: readonly Name[]; path: SearchPath } {
  const { tokens, block } = setup
  let zones: readonly Name[] = block.zones
  let names: readonly Name[] = []
  let provider: string | undefined
  while (tokens.next()) {
    const args = tokens.remainingArgs()
    const source = args.pop()
    if (source === undefined) throw new Error('no resolv-conf specified')
    if (source.startsWith('@')) provider = source.slice(1)
    else names = searchPath(source)
    zones = args.length === 0 ? block.zones : namesOf(normalizeZones(args))
  }
  if (provider === undefined) return { zones, path: { names } }
  const named = provider
  return { zones, path: { provider: named, plugin: () => setup.plugin(named) } }
}

/** The search list of a resolv.conf, and the bare name behind it. */
function searchPath(file: string): Name[] {
  try {
    return [...namesOf(parseResolvConf(readFileSync(file, 'utf8')).search.map(normalizeName)), ROOT]
  } catch (error) {
    throw new Error(`failed to parse ${quote(file)}: ${fileErrorText(file, error)}`)
  }
}

/** A plugin that is not there is none to ask: then nothing is done. */
function checkProvider(setup: Setup, provider: string): void {
  const plugin = setup.plugin(provider)
  if (plugin !== undefined && plugin.autoPath === undefined) {
    throw new Error(`plugin/autopath: ${provider} does not implement the AutoPather interface`)
  }
}

function namesOf(texts: readonly string[]): Name[] {
  return texts.map((text) => nameFromText(text)).filter((name) => name !== undefined)
}
