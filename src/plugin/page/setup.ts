import { adminAddress } from '../admin-address.ts'
import type { Plugin } from '../plugin.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { clustersOf, HISTORY_SECONDS, History, sampleOf, topsOf, UpstreamRates } from './figures.ts'
import { openPage } from './page.ts'
import { Viewers } from './viewers.ts'

/** Only from the machine itself: the page names clients, Pods and upstreams. */
export const DEFAULT_ADDRESS = 'localhost:9155'

/** `page [ADDRESS]` */
export const module: PluginModule = {
  name: 'page',
  once: true,
  setup(setup) {
    const { tokens, onStart, onStop } = setup
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 1) throw tokens.argErr()
    if (tokens.nextBlock()) throw tokens.err(`unknown property '${tokens.val()}'`)
    const address = adminAddress(args[0] ?? DEFAULT_ADDRESS)
    const undo: (() => void | Promise<void>)[] = []
    onStart(() => start(setup, address, undo))
    onStop(async () => {
      for (const step of undo.splice(0)) await step()
    })
    return undefined
  },
}

/** Opens the page, and tells viewers each second. */
async function start(
  { http, host, metrics, everyPlugin, observe, shared, walk }: Setup,
  address: string,
  undo: (() => void | Promise<void>)[],
): Promise<void> {
  if (observe === undefined || walk === undefined || everyPlugin === undefined) return
  const viewers = new Viewers()
  const history = shared('page', () => new History())
  const upstreams = new UpstreamRates()
  const busiest = metrics.gauge('muster_utilisation_ratio', '').labels()
  const plugins: readonly Plugin[] = everyPlugin()
  const hello = () => ({
    hostname: host.hostname,
    version: host.version,
    seconds: HISTORY_SECONDS,
    history: history.samples,
  })
  const rolls = plugins.flatMap((plugin) => plugin.rolls ?? [])
  undo.push(await openPage(address, { http, viewers, hello, rolls, walk }))
  const observation = observe(() => {
    const snapshot = observation.snapshot()
    const sample = sampleOf(snapshot, busiest.value)
    history.add(sample, snapshot.at)
    viewers.send('figures', {
      sample,
      clusters: clustersOf(plugins),
      upstreams: upstreams.take(plugins, host.now()),
      tops: topsOf(snapshot),
    })
  })
  undo.push(() => observation.close())
}
