import { isAtOrBelow, type Name } from '../../wire/name.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** Notes on queries what the block's plugins can tell about them, for those that look it up by its label. */
export class Metadata implements Plugin {
  readonly name = 'metadata'
  readonly keepsLifetimes = true
  private readonly scopes: readonly Name[]
  private providers: readonly Plugin[] = []

  /** @param scopes zones of the queries that are noted on, in lower case */
  constructor(scopes: readonly Name[]) {
    this.scopes = scopes
  }

  /** Takes the plugins that have something to tell out of the block's. */
  collectFrom(plugins: readonly Plugin[]): void {
    this.providers = plugins.filter((plugin) => plugin.metadata !== undefined)
  }

  prepare(query: Query): void {
    const notes = new Map<string, () => string>()
    query.metadata = notes
    if (!this.scopes.some((scope) => isAtOrBelow(query.folded, scope))) return
    for (const provider of this.providers) {
      for (const [label, value] of provider.metadata?.(query) ?? []) notes.set(label, value)
    }
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    return next(query)
  }

  /** Who shows metadata in a reply says so by the reply's lifetime. */
  clearOf(): boolean {
    return true
  }
}
