import { CONTROL, type PlaneMemory } from './shared.ts'

type Control = PlaneMemory['control']

/** Tells the control thread that something was queued, and wakes it if it waits. */
export function ring(control: Control): void {
  Atomics.add(control, CONTROL.BELL, 1)
  wake(control)
}

/**
 * Wakes the control thread if it waits. It alone says that it does, and that it does no more: a thread that was held up before it came here, and finds it about to
 * wait, takes nobody else's turn to wake it.
 */
export function wake(control: Control): void {
  if (Atomics.load(control, CONTROL.WAITING) === 1) Atomics.notify(control, CONTROL.BELL)
}

/** Calls back once the bell has rung, or at once where something is queued already. */
export function whenRung(control: Control, isEmpty: () => boolean, then: () => void): void {
  const bell = Atomics.load(control, CONTROL.BELL)
  Atomics.store(control, CONTROL.WAITING, 1)
  const awake = () => {
    Atomics.store(control, CONTROL.WAITING, 0)
    then()
  }
  // Whoever queued before it saw that this thread waits has woken nobody.
  const wait = isEmpty() ? Atomics.waitAsync(control, CONTROL.BELL, bell) : undefined
  if (wait?.async) void wait.value.then(awake)
  else setImmediate(awake)
}
