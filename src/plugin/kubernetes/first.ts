import type { ChangeListener, Store } from '../../kube/store.ts'

const firsts = new WeakMap<Store, Set<ChangeListener>>()

/** Listeners that are told of a store's changes before replies made from it end: what may exist from now on must not be denied by then. */
export function firstListeners(store: Store): Set<ChangeListener> {
  let listeners = firsts.get(store)
  if (listeners === undefined) {
    listeners = new Set()
    firsts.set(store, listeners)
  }
  return listeners
}
