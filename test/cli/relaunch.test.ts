import t from 'tap'
import { relaunch } from '../../src/cli/relaunch.ts'

t.test('Node is started anew with a small young generation and one arena', async (t) => {
  const environment = { HOME: '/', NODE_OPTIONS: '--trace-warnings', UNSET: undefined }
  t.strictSame(relaunch({ execArgv: ['--inspect'], environment }), {
    args: ['--max-semi-space-size=2', '--inspect'],
    environment: { MALLOC_ARENA_MAX: '1', HOME: '/', NODE_OPTIONS: '--trace-warnings' },
  })
})

t.test('a Node that was started so is left alone, and so is what somebody chose', async (t) => {
  const first = relaunch({ execArgv: [], environment: {} })
  t.equal(
    relaunch({ execArgv: first?.args ?? [], environment: first?.environment ?? {} }),
    undefined,
  )
  t.equal(relaunch({ execArgv: ['--max_semi_space_size=16'], environment: {} }), undefined)
  const environment = { NODE_OPTIONS: '--no-warnings --max-semi-space-size=16' }
  t.equal(relaunch({ execArgv: [], environment }), undefined)
  t.match(relaunch({ execArgv: [], environment: { MALLOC_ARENA_MAX: '4' } }), {
    environment: { MALLOC_ARENA_MAX: '4' },
  })
})
