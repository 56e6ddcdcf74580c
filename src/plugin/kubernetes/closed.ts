import { type ChangeListener, namespaceKey, type Store, serviceKey } from '../../kube/store.ts'
import { ancestor, type Name, nameOfLabels } from '../../wire/name.ts'
import type { ClosedZone } from '../plugin.ts'
import type { Config } from './config.ts'
import { firstListeners } from './first.ts'
import type { Zone } from './zones.ts'

/** Names that every zone has without any object: `ns.dns` and `dns-version`. */
const OWN_LABELS = ['dns', 'dns-version']

/**
 * Everything that may exist in a zone: what is not among it does not exist, whatever its name. Services that have nothing to give and Namespaces that are not
 * exposed are among it too, and leave their denial to the plugin.
 */
export class ClosedNames implements ClosedZone {
  readonly zone: Name
  readonly #below: readonly Name[]
  readonly #store: Store
  readonly #pods: boolean

  constructor(zone: Zone, store: Store, config: Config) {
    this.zone = zone.name
    this.#below = zone.below
    this.#store = store
    this.#pods = config.pods !== 'disabled'
  }

  *names(): Iterable<readonly [Name, boolean]> {
    for (const label of OWN_LABELS) yield* this.#name([label], true)
    for (const label of ['svc', 'pod']) yield* this.#name([label], false)
    for (const name of this.#below) {
      yield [name, true]
      for (let way = ancestor(name, 1); way.length > this.zone.length; way = ancestor(way, 1)) {
        yield [way, false]
      }
    }
    for (const namespace of this.#store.namespaces()) yield* this.#namespace(namespace.name)
    // By far the most, so without an iterator for each, and with what is below a Namespace put together once.
    let [below, namespace]: [Name | undefined, string | undefined] = [undefined, undefined]
    for (const service of this.#store.services()) {
      if (service.namespace !== namespace) {
        namespace = service.namespace
        below = nameOfLabels([namespace, 'svc'], this.zone)
      }
      const name = below && nameOfLabels([service.name], below)
      if (name !== undefined) yield [name, true]
    }
  }

  onChange(came: (name: Name, open: boolean) => void, went: () => void): () => void {
    const tell = (names: Iterable<readonly [Name, boolean]>) => {
      for (const [name, open] of names) came(name, open)
    }
    const listener: ChangeListener = (keys) => {
      for (const key of keys) {
        if (key.startsWith(NAMESPACE)) {
          const name = key.slice(NAMESPACE.length)
          if (this.#store.namespace(name) === undefined) went()
          else tell(this.#namespace(name))
        } else if (key.startsWith(SERVICE)) {
          const [namespace = '', name = ''] = key.slice(SERVICE.length).split('/')
          if (this.#store.service(name, namespace) === undefined) went()
          else tell(this.#service(name, namespace))
        }
      }
    }
    const firsts = firstListeners(this.#store)
    firsts.add(listener)
    return () => void firsts.delete(listener)
  }

  /** Any number of Pod names is below `NAMESPACE.pod`. */
  *#namespace(namespace: string): Iterable<readonly [Name, boolean]> {
    yield* this.#name([namespace, 'svc'], false)
    if (this.#pods) yield* this.#name([namespace, 'pod'], true)
  }

  *#service(service: string, namespace: string): Iterable<readonly [Name, boolean]> {
    yield* this.#name([service, namespace, 'svc'], true)
  }

  *#name(labels: readonly string[], open: boolean): Iterable<readonly [Name, boolean]> {
    const name = nameOfLabels(labels, this.zone)
    if (name !== undefined) yield [name, open]
  }
}

const NAMESPACE = namespaceKey('')
const SERVICE = serviceKey('', '').replace(/\/$/, '')
