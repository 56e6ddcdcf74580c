// Faults of the API and of the line to it, over a real API server; faults.long.ts has what takes longer.
import t from 'tap'
import { LINE, SERVER } from './faults.ts'
import { auditFinds, skip, survivesInTurn, survivesTogether } from './surviving.ts'

t.setTimeout(1_800_000)
t.jobs = 3

const options = { skip, buffered: true }

t.test('faults of the line are survived without a wrong answer', options, (t) =>
  survivesTogether(t, LINE),
)
t.test('faults of the server are survived without a wrong answer', options, (t) =>
  survivesInTurn(t, SERVER),
)
t.test('an event that is swallowed is found by the audit', options, auditFinds)
