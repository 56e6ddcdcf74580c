import { readFileSync } from 'node:fs'
import t from 'tap'
import { module as acl } from '../../../src/plugin/acl/setup.ts'
import { module as bufsize } from '../../../src/plugin/bufsize/setup.ts'
import { module as cache } from '../../../src/plugin/cache/setup.ts'
import { module as chaos } from '../../../src/plugin/chaos/setup.ts'
import { module as errors } from '../../../src/plugin/errors/setup.ts'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { module as hosts } from '../../../src/plugin/hosts/setup.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import type { Rule } from '../../parity/upstream.ts'
import { type Recording, replayScenario } from '../replay-upstreams.ts'

/** What CoreDNS 1.14.7 answered to each of these, in the form of the recordings of test/parity/plugins; all have the same upstream. */
interface Reference {
  readonly upstream: readonly Rule[]
  readonly cases: readonly (Recording & { readonly title: string })[]
}

const file = new URL('reference.json', import.meta.url)
const { upstream, cases } = JSON.parse(readFileSync(file, 'utf8')) as Reference
const MODULES = [bufsize, errors, chaos, rewrite, acl, cache, hosts, forward]

for (const { title, ...scenario } of cases) {
  t.test(`answers are the reference's: ${title}`, async (t) => {
    const recording = { ...scenario, upstreams: { upstream } }
    t.strictSame(await replayScenario(recording, MODULES), [], scenario.corefile)
  })
}
