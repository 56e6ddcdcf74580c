import t from 'tap'
import {
  MAX_SUBSTITUTED_LENGTH,
  MAX_SUBSTITUTIONS,
  substitute,
} from '../../src/corefile/environment.ts'

t.test('both spellings are replaced, the one with per cent first', async (t) => {
  const environment = { A: 'one', B: '{$A}', 'X:y': 'odd' }
  t.equal(substitute('{$A}-{%A%}-{$A}', environment), 'one-one-one')
  t.equal(substitute('{%B%} {$B}', environment), 'one one')
  t.equal(substitute('{$X:y}', environment), 'odd')
  t.equal(substitute('a{$GONE}b{$constructor}c', environment), 'abc')
})

t.test('replacement patterns in values are text', async (t) => {
  t.equal(substitute('{$A}', { A: '$& $1' }), '$& $1')
})

t.test('what is no reference stays, and all behind it', async (t) => {
  for (const text of ['{$A', '{$}', '{$} {$A}', '{%}', '{%%}', '{%A}', '{ $A }']) {
    t.equal(substitute(text, { A: 'x' }), text)
  }
})

t.test('references without end are cut off by number and by length', async (t) => {
  t.equal(substitute('{$A}', { A: '{$A}' }), undefined)
  t.equal(substitute('{$A}', { A: '{$A}{$A}' }), undefined)
  const names = Array.from({ length: MAX_SUBSTITUTIONS }, (_, i) => `{$V${i}}`)
  t.equal(substitute(names.join(''), {}), '')
  t.equal(substitute([...names, '{$W}'].join(''), {}), undefined)
  const long = 'x'.repeat(MAX_SUBSTITUTED_LENGTH)
  t.equal(substitute('{$L}', { L: long }), long)
  t.equal(substitute('{$L}{$M}', { L: long, M: 'y' }), undefined)
})
