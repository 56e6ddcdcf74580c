import pino from 'pino'

/** What a component logs to. Texts are whole sentences or `key: value`, without a final newline. */
export interface Logger {
  debug(text: string): void
  info(text: string): void
  warning(text: string): void
  error(text: string): void
  /** A logger whose lines begin with `plugin/NAME: `, as CoreDNS's do; with an empty name one whose lines do not. */
  plugin(name: string): Logger
  /** Turns debug lines on or off, for this logger and all that were made with it. */
  debugging?(on: boolean): void
}

/** The process's own logger: it alone says that the process ends. */
export interface ProcessLogger extends Logger {
  fatal(text: string): void
}

/** What was thrown, with where from. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Pino's words for its levels, and the ones that are written. */
const LEVELS: Readonly<Record<string, string>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  fatal: 'fatal',
}

/** Lines as log pipelines of CoreDNS match them: `[INFO] plugin/kubernetes: text`, no timestamp. */
function textStream(write: (line: string) => void): pino.DestinationStream {
  return {
    write(json: string): void {
      const line = JSON.parse(json) as { level: string; plugin?: string; msg?: string }
      const plugin = line.plugin === undefined ? '' : `plugin/${line.plugin}: `
      write(`[${line.level.toUpperCase()}] ${plugin}${line.msg ?? ''}\n`)
    },
  }
}

/**
 * The process's logger, on pino.
 *
 * @param options.json one JSON object a line, `{"level":"info","time":…,"plugin":…,"msg":…}`, instead of CoreDNS's text (`MUSTER_LOG=json`)
 * @param options.write where whole lines go; standard output by default
 */
export function createLogger(
  options: { json?: boolean; debug?: boolean; write?: (line: string) => void } = {},
): ProcessLogger {
  const write = options.write ?? ((line: string) => void process.stdout.write(line))
  const stream = options.json === true ? { write } : textStream(write)
  const formatters = { level: (label: string) => ({ level: LEVELS[label] ?? label }) }
  const timestamp = options.json === true
  const root = pino({ level: 'debug', base: null, timestamp, formatters }, stream)
  const logger = wrap(root, root, { debug: options.debug === true })
  return { ...logger, fatal: (text) => root.fatal(text) }
}

function wrap(root: pino.Logger, log: pino.Logger, shown: { debug: boolean }): Logger {
  return {
    debug: (text) => {
      if (shown.debug) log.debug(text)
    },
    info: (text) => log.info(text),
    warning: (text) => log.warn(text),
    error: (text) => log.error(text),
    plugin: (name) => wrap(root, name === '' ? root : root.child({ plugin: name }), shown),
    debugging: (on) => {
      shown.debug = on
    },
  }
}
