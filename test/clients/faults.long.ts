// A server that is away for a minute, and again: longer than any pause of the watches.
import t from 'tap'
import { away } from './faults.ts'
import { skip, survivesInTurn } from './surviving.ts'

t.setTimeout(1_800_000)

t.test('long outages are survived without a wrong answer', { skip }, (t) =>
  survivesInTurn(t, [away(60), away(150)]),
)
