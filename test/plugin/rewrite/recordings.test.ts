import t from 'tap'
import { module as cache } from '../../../src/plugin/cache/setup.ts'
import { module as chaos } from '../../../src/plugin/chaos/setup.ts'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { module as hosts } from '../../../src/plugin/hosts/setup.ts'
import { module as metadata } from '../../../src/plugin/metadata/setup.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import { module as template } from '../../../src/plugin/template/setup.ts'
import { module as view } from '../../../src/plugin/view/setup.ts'
import { replayWithUpstreams } from '../replay-upstreams.ts'

const MODULES = [metadata, chaos, rewrite, cache, template, hosts, forward, view]

const RECORDINGS = [
  'cache-before-rewrite',
  'metadata-rewrite-label',
  'rewrite-answer-value-one-line',
  'rewrite-answer-value-ptr',
  'rewrite-class-with-chaos',
  'rewrite-cname',
  'rewrite-continue-auto-chain',
  'rewrite-edns0-local',
  'rewrite-edns0-local-actions',
  'rewrite-edns0-nsid',
  'rewrite-edns0-subnet',
  'rewrite-name-exact',
  'rewrite-name-regex',
  'rewrite-name-regex-answer-name',
  'rewrite-name-suffix',
  'rewrite-name-suffix-auto',
  'rewrite-order',
  'rewrite-rcode',
  'rewrite-too-long',
  'rewrite-ttl',
  'rewrite-type',
]

for (const recording of RECORDINGS) {
  t.test(`the recording ${recording} agrees`, async (t) => {
    t.strictSame(await replayWithUpstreams(recording, MODULES), [])
  })
}
