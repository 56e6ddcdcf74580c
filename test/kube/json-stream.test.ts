import t from 'tap'
import { LineParser, ListParser, MAX_OBJECT_OCTETS } from '../../src/kube/json-stream.ts'
import fc from '../fast-check.ts'

t.test('a list gives its items one by one, however it is written and cut', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 6 }),
      fc.constantFrom(undefined, 2),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      (items, indent, itemsFirst, size) => {
        const metadata = { resourceVersion: '5', continue: 'c{"[', remainingItemCount: 3 }
        const head = { kind: 'List', odd: { items: [[{}]] }, metadata }
        const document = itemsFirst ? { items, ...head } : { ...head, items, tail: ['x', {}] }
        const octets = Buffer.from(JSON.stringify(document, null, indent))
        const found: unknown[] = []
        const parser = new ListParser((item) => found.push(item) > 0)
        for (let at = 0; at < octets.length; at += size) {
          // Chunks are copies, as the network's buffers are used again.
          if (parser.push(Buffer.from(octets.subarray(at, at + size))) !== 'more') return false
        }
        const end = parser.finish()
        return (
          JSON.stringify(found) === JSON.stringify(items) &&
          end?.resourceVersion === '5' &&
          end.continueToken === 'c{"[' &&
          end.remaining === 3
        )
      },
    ),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('a list that is not whole, or no list, has no end', async (t) => {
  for (const text of [
    '{"metadata":{"resourceVersion":"1"},"items":[{"a":1}',
    '{"metadata":{"resourceVersion":"1"},"items":[{"a":1}]',
    '{"items":[]}',
    '[]',
    '',
    'nonsense',
  ]) {
    const parser = new ListParser(() => true)
    parser.push(Buffer.from(text))
    t.equal(parser.finish(), undefined, text)
  }
})

t.test('an item that is not JSON breaks the list', async (t) => {
  t.equal(new ListParser(() => true).push(Buffer.from('{"items":[{a}')), 'broken')
})

t.test('lines are put together from chunks, characters cut in two included', async (t) => {
  const events = [{ type: 'ADDED', object: 'ünï' }, { type: 'X' }]
  const octets = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  for (let size = 1; size < 30; size++) {
    const found: unknown[] = []
    const parser = new LineParser((event) => found.push(event) > 0)
    for (let at = 0; at < octets.length; at += size) parser.push(octets.subarray(at, at + size))
    t.same(found, events)
  }
})

t.test('a line without end is broken at the bound', async (t) => {
  const parser = new LineParser(() => true)
  const chunk = Buffer.alloc(MAX_OBJECT_OCTETS / 4, 0x20)
  for (let i = 0; i < 4; i++) t.equal(parser.push(chunk), 'more')
  t.equal(parser.push(Buffer.from(' ')), 'broken')
})
