import { readFileSync } from 'node:fs'
import { fileErrorText } from '../corefile/io.ts'
import type { CorefileInput } from '../corefile/parser.ts'
import { ORDER } from '../plugin/order.ts'
import type { CorefileSource } from '../server.ts'
import { VERSION } from '../version.ts'

/**
 * Where the Corefile comes from: `-conf FILE`, `-conf stdin` (read once), or ./Corefile where there is one.
 *
 * @throws Error `loading Caddyfile via flag: open X: no such file or directory`
 */
export function corefileSource(conf: string, readStdin: () => string): CorefileSource {
  if (conf === 'stdin') {
    const input = { text: readStdin(), path: '/dev/stdin' }
    return () => input
  }
  if (conf === '') return () => readCorefile('Corefile', true)
  return () => readCorefile(conf, false)
}

function readCorefile(path: string, mayBeMissing: boolean): CorefileInput | undefined {
  try {
    return { text: readFileSync(path, 'utf8'), path }
  } catch (error) {
    if (mayBeMissing && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const how = mayBeMissing ? 'default' : 'flag'
    throw new Error(`loading Caddyfile via ${how}: ${fileErrorText(path, error)}`)
  }
}

/**
 * The default port that `-dns.port` gives; whether it is in the range of ports is told with the blocks.
 *
 * @throws Error for what is no number
 */
export function portOf(text: string): number {
  if (/^-?\d{1,5}$/.test(text)) return Number(text)
  throw new Error(`-dns.port "${text}": unknown port`)
}

/** What `-version` prints, and the start unless it is quiet. */
export function versionText(runtime: { platform: string; arch: string; node: string }): string {
  return `Muster-${VERSION}\n${runtime.platform}/${runtime.arch}, node${runtime.node}\n`
}

/** What `-plugins` prints: the names, sorted, one a line. */
export function pluginsText(): string {
  return `${ORDER.map((module) => module.name)
    .sort()
    .join('\n')}\n`
}
