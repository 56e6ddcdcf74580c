import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseSelector } from '../../src/kube/selector.ts'

/** What apimachinery 0.35.4 (`ParseToLabelSelector`, `LabelSelectorAsSelector`) makes of each text. */
const RECORDED = JSON.parse(
  readFileSync(new URL('./fixtures/selectors.json', import.meta.url), 'utf8'),
) as { text: string; selector?: string; error?: string }[]

t.test('selectors are read, spelt canonically and refused as apimachinery does', async (t) => {
  for (const { text, ...expected } of RECORDED) t.same(parseSelector(text), expected, text)
})

t.test(
  'a Corefile with a doubled operator gets the sentence that the reference prints',
  async (t) => {
    t.same(parseSelector('a==b=c,,'), {
      error: `couldn't parse the selector string "a==b=c,,": found '=', expected: ',' or 'end of string'`,
    })
  },
)
