import { createLogger, type ProcessLogger } from '../log.ts'

/** What the process says: its log, and what CoreDNS prints beside that. */
export interface Voice {
  readonly log: ProcessLogger
  /** Text for those who started it: the zones, the version, the guide. */
  print(text: string): void
  /** Why the process ends though it ran. */
  fatal(text: string): void
  /** Why the process does not start; to standard error. */
  fail(text: string): void
}

/** Where whole lines go. */
interface Streams {
  out(text: string): void
  error(text: string): void
}

/**
 * The words as CoreDNS has them, or everything as lines of the log, one JSON object each.
 *
 * @param json `MUSTER_LOG=json`
 */
export function createVoice(json: boolean, streams: Streams): Voice {
  const log = createLogger({ json, write: streams.out })
  const fatal = (text: string) => log.fatal(text)
  if (!json) {
    return {
      log,
      print: streams.out,
      fatal,
      fail: (text) => streams.error(text.endsWith('\n') ? text : `${text}\n`),
    }
  }
  const failures = createLogger({ json, write: streams.error })
  return {
    log,
    print: (text) => {
      for (const line of text.split('\n')) if (line.trim() !== '') log.info(line)
    },
    fatal,
    fail: (text) => failures.fatal(text.trimEnd()),
  }
}
