import t from 'tap'
import { expand } from '../../../src/plugin/auto/expand.ts'

const GROUPS: Readonly<Record<string, string>> = { 0: 'db.a', 1: 'a', zone: 'named' }

const braced = (text: string) => `$\x7b${text}}`

/** Templates and what Go's `Regexp.Expand` makes of them once each `{` is `${`. */
const CASES: readonly (readonly [string, string])[] = [
  ['{1}', 'a'],
  ['{1}.example.org', 'a.example.org'],
  ['$1.example.org', 'a.example.org'],
  ['$zone.test', 'named.test'],
  ['{zone}.test', 'named.test'],
  ['{0}', 'db.a'],
  ['{2}', ''],
  ['{01}', ''],
  ['$1x.test', '.test'],
  ['$1-x.test', 'a-x.test'],
  // The brace gets a dollar of its own, so that there are two, which are one that is meant.
  [braced('1'), braced('1')],
  ['$$1', '$1'],
  ['{1', '${1'],
  ['{}', braced('')],
  ['plain', 'plain'],
]

t.test('a template gives what the reference makes of it', async (t) => {
  for (const [template, origin] of CASES) {
    t.equal(
      expand(template, (group) => GROUPS[group]),
      origin,
      template,
    )
  }
})
