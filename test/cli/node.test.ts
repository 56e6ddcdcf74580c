import t from 'tap'
import { nodeComplaint } from '../../src/cli/node.ts'

t.test('a Node that is too old is told which one is needed', async (t) => {
  t.match(nodeComplaint('20.19.2'), /^muster needs Node 24 or newer, and this is Node 20\.19\.2: /)
  t.equal(nodeComplaint('24.0.0'), undefined)
  t.equal(nodeComplaint('100.1.0'), undefined)
})
