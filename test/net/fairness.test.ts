import t from 'tap'
import { Fairness, type Heard, type Window } from '../../src/net/fairness.ts'
import { MAPPED, MAX_LIMITED } from '../../src/net/source-filter.ts'

const FLOOD: Heard['address'] = [0, 0, MAPPED, 0x7f090909]
const polite = (i: number): Heard['address'] => [0, 0, MAPPED, 0x7f010000 + i]

/** A tenth of a second in which so many datagrams a second are dealt with, one in four of which is looked at. */
function window(change: Partial<Window> & { readonly sends: readonly Heard[] }): Window {
  const { sends, ...rest } = change
  const all = sends.reduce((sum, { count }) => sum + count, 0)
  const handled = Math.min(all, 2000)
  const heard = sends.map(({ address, count }) => ({
    address,
    count: Math.round((count * handled) / all / 4),
  }))
  const looked = heard.reduce((sum, { count }) => sum + count, 0)
  const dropped = all - handled
  return { seconds: 0.1, handled, dropped, overloaded: dropped > 0, heard, looked, ...rest }
}

const hundred = (count: number) =>
  Array.from({ length: 100 }, (_, i) => ({ address: polite(i), count }))

t.test('without overload nobody is held back, however much one sends', async (t) => {
  const fairness = new Fairness()
  t.notOk(fairness.close(window({ sends: [{ address: FLOOD, count: 1900 }] })))
  t.strictSame(fairness.limited, [])
})

t.test('under overload who sends most is held back to what fits, and nobody else is', async (t) => {
  const fairness = new Fairness()
  const sends = [{ address: FLOOD, count: 20_000 }, ...hundred(4)]
  t.ok(fairness.close(window({ sends })))
  const [held, ...others] = fairness.limited
  t.strictSame(others, [])
  t.strictSame(held?.address, FLOOD)
  t.ok((held?.perSecond ?? 0) > 150_000 && (held?.perSecond ?? 0) < 250_000, 'what it sends')
  t.ok((held?.pass ?? 1) * 200_000 < 20_000, 'what is let through can be managed')
})

t.test('clients that all send the same are all treated the same: none is held back', async (t) => {
  const fairness = new Fairness()
  fairness.close(window({ sends: hundred(60) }))
  t.strictSame(fairness.limited, [])
})

t.test('a few caches with all the load are held back alike', async (t) => {
  const fairness = new Fairness()
  fairness.close(
    window({
      sends: hundred(0)
        .slice(0, 4)
        .map((one) => ({ ...one, count: 5000 })),
    }),
  )
  t.equal(fairness.limited.length, 4)
  const shares = fairness.limited.map(({ pass }) => pass)
  t.ok(Math.max(...shares) - Math.min(...shares) < 0.01)
})

t.test(`no more than ${MAX_LIMITED} are held back`, async (t) => {
  const fairness = new Fairness()
  fairness.close(
    window({
      sends: hundred(0)
        .slice(0, 20)
        .map((one) => ({ ...one, count: 5000 })),
    }),
  )
  t.equal(fairness.limited.length, MAX_LIMITED)
})

t.test('more is let through while it fits, and all again soon after the flood', async (t) => {
  const fairness = new Fairness()
  fairness.close(window({ sends: [{ address: FLOOD, count: 20_000 }, ...hundred(4)] }))
  const at = (): number => fairness.limited[0]?.pass ?? 1
  const first = at()
  const held = () =>
    window({
      sends: [{ address: FLOOD, count: 1000 }, ...hundred(4)],
      dropped: 19_000,
      overloaded: false,
    })
  fairness.close(held())
  fairness.close(held())
  t.ok(at() > first)
  let windows = 0
  for (; fairness.limited.length > 0 && windows < 100; windows++) {
    fairness.close(window({ sends: hundred(4), dropped: 0, overloaded: false }))
  }
  t.ok(windows > 5, 'a pause of half a second is no end')
  t.ok(windows < 60, `let go after ${windows} windows`)
})

t.test('a window in which nothing was heard holds nobody for ever', async (t) => {
  const fairness = new Fairness()
  fairness.close(window({ sends: [{ address: FLOOD, count: 20_000 }, ...hundred(4)] }))
  const silence = { seconds: 0.25, handled: 0, dropped: 0, overloaded: false, heard: [], looked: 0 }
  for (let i = 0; i < 100; i++) fairness.close(silence)
  t.strictSame(fairness.limited, [])
})
