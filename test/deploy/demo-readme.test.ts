import { readFileSync } from 'node:fs'
import t from 'tap'
import { DEMO, readme, readScenes, stepsOf } from '../../scripts/demo-readme.ts'
import { filledIn, fits } from '../clients/shown.ts'

t.test('the demonstration’s README is what its scenes make', async (t) => {
  const scenes = readScenes()
  t.equal(readFileSync(`${DEMO}README.md`, 'utf8'), readme(scenes), 'node scripts/demo-readme.ts')
  t.ok(scenes.flatMap(stepsOf).length > 40)
})

t.test('a README shows examples where a scene has placeholders', async (t) => {
  const text = 'A\n\n    $ dns web\n    {web-0=10.0.0.1}\n    $ dns -x {web-0}\n    web-0.\n'
  t.match(
    readme([{ file: '', text }]),
    '$ dns web\n    10.0.0.1\n    $ dns -x 10.0.0.1\n    web-0.',
  )
  t.same(stepsOf({ file: '', text }), [
    { command: 'dns web', shown: ['    {web-0=10.0.0.1}'] },
    { command: 'dns -x {web-0}', shown: ['    web-0.'] },
  ])
})

t.test('what is printed fits what is shown', async (t) => {
  t.ok(fits('b\na\n', ['a', 'b']), 'in any order')
  t.ok(fits('NAME    AGE\n', ['NAME AGE']), 'blanks count as one')
  t.notOk(fits('a\nb\n', ['a']), 'more is printed')
  t.notOk(fits('a\n', ['a', 'b']), 'less is printed')
  t.notOk(fits('a\n', ['a', 'a']), 'a line counts once')
  t.notOk(fits('a\n', []), 'nothing shown is nothing printed')
  t.ok(fits('a\nb\nc\n', ['...', 'b']), 'any lines')
  t.notOk(fits('a\nc\n', ['...', 'b']))
  t.ok(fits('status: NOERROR, id: 7\n', ['status: NOERROR, ...']), 'any rest')
  t.notOk(fits('a.b\n', ['a...c']))
})

t.test('placeholders keep their words, and different ones have different words', async (t) => {
  const words = fits('10.0.0.2\n10.0.0.1\n', ['{one=x}', '{two=y}'])
  t.same([...(words?.values() ?? [])].sort(), ['10.0.0.1', '10.0.0.2'])
  t.ok(fits('10.0.0.1\n10.0.0.2\n', ['{two}', '{one}'], words))
  t.notOk(fits('10.0.0.1\n', ['{three=z}'], words))
  const bound = new Map([['web-0', '10.0.0.1']])
  t.notOk(fits('10.0.0.9\n', ['{web-0}'], bound))
  t.ok(fits('10.0.0.1 web\n10.0.0.1 db\n', ['{a=1} db', '{a} web']))
  t.equal(filledIn("dns -x {web-0} '{.status}'", bound), "dns -x 10.0.0.1 '{.status}'")
})
