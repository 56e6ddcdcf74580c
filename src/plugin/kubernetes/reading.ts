import {
  addressKey,
  clusterEndpointsKey,
  endpointsKey,
  namespaceKey,
  serviceImportKey,
  serviceKey,
} from '../../kube/store.ts'
import {
  ALWAYS,
  type Lifetime,
  MAX_VERSIONS,
  ONCE,
  shortest,
  type Version,
  type Versions,
  whileStanding,
} from '../lifetime.ts'

/** Notes what one answer is made from. Whoever reads the store notes first and reads then, so that no change falls between. */
export class Reading {
  readonly #versions: Versions
  readonly #whole: Version
  readonly #noted: Version[] = []

  /** @param whole the slot that every change of the store bumps */
  constructor(versions: Versions, whole: number) {
    this.#versions = versions
    // Now, not once there turn out to be too many notes: that would be after the store was read.
    this.#whole = { slot: whole, version: versions.read(whole) }
  }

  service(name: string, namespace: string): void {
    this.key(serviceKey(name, namespace))
  }
  endpoints(service: string, namespace: string): void {
    this.key(endpointsKey(service, namespace))
  }
  serviceImport(name: string, namespace: string): void {
    this.key(serviceImportKey(name, namespace))
  }
  clusterEndpoints(service: string, namespace: string): void {
    this.key(clusterEndpointsKey(service, namespace))
  }
  namespace(name: string): void {
    this.key(namespaceKey(name))
  }
  address(address: string): void {
    this.key(addressKey(address))
  }
  /** Any part of the store may matter. */
  everything(): void {
    this.#note(this.#whole.slot)
  }
  key(key: string): void {
    this.#note(this.#versions.slot(key))
  }

  /** How long an answer made from what was noted may be repeated. */
  lifetime(): Lifetime {
    if (this.#noted.length === 0) return ALWAYS
    return whileStanding(this.#noted.length > MAX_VERSIONS ? [this.#whole] : this.#noted)
  }

  /** The same for an answer that another reply went into as well. */
  shortest(other: Lifetime): Lifetime {
    const exact = shortest(this.lifetime(), other)
    if (exact !== ONCE || !other.repeatable) return exact
    return shortest(whileStanding([this.#whole]), other)
  }

  #note(slot: number): void {
    for (const noted of this.#noted) if (noted.slot === slot) return
    this.#noted.push({ slot, version: this.#versions.read(slot) })
  }
}
