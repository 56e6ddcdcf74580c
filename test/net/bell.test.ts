import t from 'tap'
import { ring, wake, whenRung } from '../../src/net/bell.ts'
import { CONTROL } from '../../src/net/shared.ts'
import { until } from '../until.ts'

const memory = () => new Int32Array(new SharedArrayBuffer(4 * CONTROL.WORDS))
const turns = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

/** A thread that waits for the bell; `late` is done while it is about to. */
function waiting(control: ReturnType<typeof memory>, late: () => void, isEmpty = true) {
  const state = { woken: 0 }
  const look = () => {
    late()
    return isEmpty
  }
  whenRung(control, look, () => state.woken++)
  return state
}

t.test('who waits is woken once, and not before', async (t) => {
  const control = memory()
  const thread = waiting(control, () => {})
  await turns()
  t.equal(thread.woken, 0)
  ring(control)
  ring(control)
  await until(() => thread.woken > 0)
  await turns()
  t.equal(thread.woken, 1)
  t.equal(control[CONTROL.WAITING], 0)
})

t.test('what is queued while it is about to wait keeps it awake', async (t) => {
  const control = memory()
  const seen = waiting(control, () => {}, false)
  await until(() => seen.woken > 0)
  const rung = waiting(control, () => ring(control))
  await until(() => rung.woken > 0)
  t.equal(seen.woken + rung.woken, 2)
})

t.test('a thread that comes to wake it too early leaves it to the next', async (t) => {
  const control = memory()
  // What this one queued was taken before it could wake anybody.
  Atomics.add(control, CONTROL.BELL, 1)
  const thread = waiting(control, () => wake(control))
  await turns()
  t.equal(thread.woken, 0)
  ring(control)
  await until(() => thread.woken > 0)
  t.equal(thread.woken, 1)
})
