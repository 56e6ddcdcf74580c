/**
 * What one question costs in the kubernetes plugin, without the rest of the chain and without octets: nanoseconds over a store of 5,000 Services.
 *
 *   node test/bench/kubernetes.ts
 */

import { fixedStore } from '../../src/kube/fixed.ts'
import { Kubernetes } from '../../src/plugin/kubernetes/kubernetes.ts'
import { parseBlock } from '../../src/plugin/kubernetes/setup.ts'
import type { Query } from '../../src/plugin/query.ts'
import { giveUp } from '../../src/plugin/reply.ts'
import type { PluginModule } from '../../src/plugin/setup.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { RCODE } from '../../src/wire/codes.ts'
import { namespace, service, slice } from '../kube/objects.ts'
import { arrange, queryFor } from '../plugin/harness.ts'

const SERVICES = 5000
const ROUNDS = 40

const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
const address = (i: number) => `10.0.${i >> 8}.${i & 255}`
const { store } = fixedStore([
  namespace('default'),
  ...Array.from({ length: SERVICES }, (_, i) =>
    service(`s${i}`, 'default', { clusterIP: address(i), ports }),
  ),
  service('headless', 'default', { clusterIP: 'None', ports }),
  slice('headless', 'default', 'headless', ['172.0.0.1', '172.0.0.2', '172.0.0.3']),
])

const module: PluginModule = {
  name: 'kubernetes',
  setup: ({ tokens, block, log }) =>
    new Kubernetes({
      config: parseBlock(tokens, block.zones, log),
      store,
      versions: new TableVersions(),
      storeName: 'bench',
      liveSerials: true,
      search: [],
    }),
}
const directive = 'kubernetes cluster.local in-addr.arpa ip6.arpa {\n pods insecure\n ttl 30\n}'
const plugin = (await arrange(directive, [module])).plugin('kubernetes')
const next = (query: Query) => giveUp(query, 'bench', RCODE.REFUSED)

const QUESTIONS: Record<string, (i: number) => string> = {
  'A of a ClusterIP Service': (i) => `s${i}.default.svc.cluster.local. A`,
  'AAAA of it: NODATA': (i) => `s${i}.default.svc.cluster.local. AAAA`,
  'SRV of it': (i) => `s${i}.default.svc.cluster.local. SRV`,
  'A of a headless Service': () => 'headless.default.svc.cluster.local. A',
  'first of a search path: NXDOMAIN': (i) => `api.example${i}.default.svc.cluster.local. A`,
  'third of a search path: NXDOMAIN': (i) => `api.example${i}.cluster.local. A`,
  PTR: (i) => `${address(i).split('.').reverse().join('.')}.in-addr.arpa. PTR`,
}

/** Mean nanoseconds of what is done with a fresh query. */
function cost(queries: readonly Query[], work: (query: Query) => unknown): number {
  const begin = process.hrtime.bigint()
  for (let round = 0; round < ROUNDS; round++) for (const query of queries) work(query.with({}))
  return Number(process.hrtime.bigint() - begin) / (ROUNDS * queries.length)
}

for (const [title, question] of Object.entries(QUESTIONS)) {
  const queries = Array.from({ length: SERVICES }, (_, i) => queryFor(question(i), {}))
  const serve = (query: Query) => plugin.serve(query, next)
  cost(queries, serve)
  const nanoseconds = cost(queries, serve) - cost(queries, (query) => query.folded)
  console.log(`${title}: ${Math.round(nanoseconds)} ns`)
}
