import { type FixedStore, fixedStore } from '../../../src/kube/fixed.ts'
import { tellChanges } from '../../../src/plugin/kubernetes/connect.ts'
import { Kubernetes } from '../../../src/plugin/kubernetes/kubernetes.ts'
import { parseBlock } from '../../../src/plugin/kubernetes/setup.ts'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { name } from '../../../src/wire/name.ts'
import { type Arrangement, arrange, type Chain } from '../harness.ts'

/** Where the test's store stands among several. */
export const STORE = 'test'

/** The kubernetes plugin over a store that is there already: nothing is connected to. */
export function kubernetesOver(
  { store }: Pick<FixedStore, 'store'>,
  options: { localAddresses?: readonly string[]; liveSerials?: boolean; search?: string[] } = {},
): PluginModule {
  return {
    name: 'kubernetes',
    once: true,
    setup({ tokens, block, log, versions }) {
      const plugin = new Kubernetes({
        config: parseBlock(tokens, block.zones, log),
        store,
        versions,
        storeName: STORE,
        liveSerials: options.liveSerials ?? false,
        search: (options.search ?? []).map(name),
      })
      plugin.localAddresses = options.localAddresses ?? []
      tellChanges(store, STORE, versions, undefined)
      return plugin
    },
  }
}

/** A block with the kubernetes directive alone, over objects. */
export async function over(
  objects: readonly object[],
  directive: string,
  options: Parameters<typeof kubernetesOver>[1] &
    Arrangement &
    Parameters<typeof fixedStore>[1] = {},
): Promise<Chain & { readonly fed: FixedStore }> {
  const fed = fixedStore(objects, options)
  const chain = await arrange(directive, [kubernetesOver(fed, options)], options)
  return Object.assign(chain, { fed })
}
