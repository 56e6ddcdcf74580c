import { systemIo } from '../corefile/io.ts'
import {
  type CorefileInput,
  defaultCorefile,
  parseCorefile,
  type ServerBlock,
} from '../corefile/parser.ts'
import type { Logger } from '../log.ts'

/** What a Corefile says. */
export interface Readable {
  readonly blocks: ServerBlock[]
  /** Its path, for messages. */
  readonly path: string
  /** The path of one without a server block, for which the default stands in; undefined for any other. */
  readonly emptied: string | undefined
}

/**
 * The blocks of a Corefile; those of the default one where there is none, or none in it.
 *
 * @param known the directives that there are; undefined where every word is one
 * @throws CorefileError
 */
export function readBlocks(
  given: CorefileInput | undefined,
  {
    workingDirectory,
    environment,
    log,
    defaultPort = 53,
  }: {
    readonly workingDirectory: string
    readonly environment: Readonly<Record<string, string | undefined>>
    readonly log: Logger
    readonly defaultPort?: number
  },
  known: ReadonlySet<string> | undefined,
): Readable {
  const io = systemIo(workingDirectory, environment, (text) => log.warning(text))
  const blocks = given === undefined ? [] : parseCorefile(given, io, known)
  if (given !== undefined && blocks.length > 0) {
    return { blocks, path: given.path, emptied: undefined }
  }
  const fallback = defaultCorefile(defaultPort)
  const blocksOfDefault = parseCorefile(fallback, io, known)
  return { blocks: blocksOfDefault, path: fallback.path, emptied: given?.path }
}
