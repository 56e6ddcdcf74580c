import type { Registry } from '../../admin/metrics.ts'
import { joinHostPort } from '../../corefile/addresses.ts'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { adminAddress } from '../admin-address.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { EnabledPlugins } from './enabled.ts'
import { declareMetrics, QueryMetrics } from './metrics.ts'
import { metricsPage } from './page.ts'
import { Prometheus } from './prometheus.ts'
import { readWebConfig } from './web-config.ts'

const DEFAULT_ADDRESS = 'localhost:9153'

interface Options {
  readonly address: string
  readonly runtime: boolean
  /** Path of a web configuration file. */
  readonly web: string | undefined
}

/** `prometheus [ADDRESS] { runtime_metrics; tls FILE }` */
export const module: PluginModule = {
  name: 'prometheus',
  once: true,
  setup(setup) {
    const { metrics, http, host, onStart, onStop } = setup
    const { address, runtime, web } = parse(setup.tokens)
    const enabled = setup.shared('prometheus', () => new EnabledPlugins(metrics))
    const undo: (() => void | Promise<void>)[] = []
    declareMetrics(metrics)
    onStart(async () => {
      metrics.withProcessMetrics()
      if (runtime) metrics.withRuntimeMetrics()
      declareBuild(metrics, host.version)
      undo.push(enabled.add(labelsOf(setup)))
      const encryption = web === undefined ? undefined : readWebConfig(web)
      undo.push(await http.add(address, '/metrics', metricsPage(metrics), encryption))
    })
    onStop(async () => {
      for (const step of undo.splice(0)) await step()
    })
    return new Prometheus(new QueryMetrics(metrics), () => host.now())
  },
}

function parse(tokens: Dispenser): Options {
  tokens.next()
  const args = tokens.remainingArgs()
  if (args.length > 1) throw tokens.argErr()
  const address = args[0] === undefined ? DEFAULT_ADDRESS : adminAddress(args[0])
  let runtime = false
  let web: string | undefined
  while (tokens.nextBlock()) {
    const option = tokens.val()
    if (option === 'tls') {
      if (web !== undefined) throw tokens.err('tls block already specified')
      web = parseFile(tokens)
    } else if (option === 'runtime_metrics') {
      if (tokens.remainingArgs().length > 0) throw tokens.argErr()
      runtime = true
    } else throw tokens.err(`unknown option: ${option}`)
  }
  return { address, runtime, web }
}

function parseFile(tokens: Dispenser): string {
  const [file, ...rest] = tokens.remainingArgs()
  if (file === undefined || rest.length > 0) throw tokens.argErr()
  return file
}

function declareBuild(metrics: Registry, version: string): void {
  const help = 'Always 1; the labels tell the version of Muster and of the Node.js it runs on.'
  metrics
    .gauge('coredns_build_info', help, ['version', 'revision', 'goversion'])
    .labels(version, '', `node${process.version.slice(1)}`)
    .set(1)
}

/** One series for each plugin and each address, for the block's first zone as in the reference. */
function labelsOf({ block, plugins }: Setup): string[][] {
  const [key] = block.keys
  if (key === undefined) return []
  const hosts = block.listenHosts.length === 0 ? [''] : block.listenHosts
  return hosts.flatMap((address) => {
    const server = `${key.transport}://${joinHostPort(address, key.port)}`
    return plugins().map(({ name }) => [server, key.zone, block.view, name])
  })
}
