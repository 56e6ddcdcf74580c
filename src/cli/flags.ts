import { MAX_THREADS } from '../server/threads.ts'

/** A flag as the usage text lists it. */
interface Flag {
  readonly kind: 'string' | 'bool' | 'number'
  readonly help: string
  readonly shown?: string
  /** The largest number that it takes. */
  readonly most?: number
}

/** Values of the command line. */
export interface Flags {
  conf: string
  port: string
  pidfile: string
  plugins: boolean
  quiet: boolean
  version: boolean
  /** Data threads; 0 for the default. */
  threads: number
  /** MiB of the answer table; 0 for none. */
  tableMib: number
  apiPort: number
  /** Ports of the demonstration's page and explanations. */
  pagePort: string
  explainPort: string
  /** Where the demonstration's cluster is kept from one run to the next; empty for nowhere. */
  state: string
}

/** What the command line asks for. */
export type Parsed =
  | { readonly outcome: 'run'; readonly flags: Flags; readonly rest: readonly string[] }
  /** The usage text was asked for, or a flag is not known or malformed: exit code 0 or 2. */
  | { readonly outcome: 'usage'; readonly text: string; readonly exitCode: 0 | 2 }

/** Port of plugin explain, which `muster explain` asks. */
export const DEFAULT_EXPLAIN_PORT = '9154'
/** MiB of the answer table without the flag, and at most: some two million answers. */
export const DEFAULT_TABLE_MIB = 32
const MAX_TABLE_MIB = 1024

const FLAGS: Readonly<Record<string, Flag & { readonly field: keyof Flags }>> = {
  conf: {
    field: 'conf',
    kind: 'string',
    help: 'Corefile to load, or stdin',
    shown: '(default "Corefile")',
  },
  'dns.port': { field: 'port', kind: 'string', help: 'Default port', shown: '(default "53")' },
  p: { field: 'port', kind: 'string', help: 'Default port', shown: '(default "53")' },
  pidfile: { field: 'pidfile', kind: 'string', help: 'Path to write pid file' },
  plugins: { field: 'plugins', kind: 'bool', help: 'List installed plugins' },
  quiet: { field: 'quiet', kind: 'bool', help: 'Quiet mode (no initialization output)' },
  'table-mib': {
    field: 'tableMib',
    kind: 'number',
    help: `Size of the answer table in MiB, 0 for none, at most ${MAX_TABLE_MIB}`,
    shown: `(default ${DEFAULT_TABLE_MIB})`,
    most: MAX_TABLE_MIB,
  },
  threads: {
    field: 'threads',
    kind: 'number',
    help: `Data threads, at most ${MAX_THREADS}; 0 for as many as suit processors, quota and memory`,
    shown: '(default 0)',
    most: MAX_THREADS,
  },
  version: { field: 'version', kind: 'bool', help: 'Show version' },
}

const DEMO_PORT = '1053'
const DEMO_PORT_FLAG: (typeof FLAGS)[string] = {
  field: 'port',
  kind: 'string',
  help: 'Port of DNS on 127.0.0.1',
  shown: `(default "${DEMO_PORT}")`,
}

const DEMO_FLAGS: typeof FLAGS = {
  ...FLAGS,
  conf: { ...(FLAGS.conf as Flag & { field: 'conf' }), shown: `(default the demonstration's own)` },
  'dns.port': DEMO_PORT_FLAG,
  p: DEMO_PORT_FLAG,
  'api.port': {
    field: 'apiPort',
    kind: 'number',
    help: 'Port of the embedded API server',
    shown: '(default 16443)',
    most: 65_535,
  },
  'page.port': {
    field: 'pagePort',
    kind: 'string',
    help: 'Port of the live page',
    shown: '(default "9155")',
  },
  'explain.port': {
    field: 'explainPort',
    kind: 'string',
    help: 'Port that muster explain asks',
    shown: '(default "9154")',
  },
  state: {
    field: 'state',
    kind: 'string',
    help: 'File that keeps the embedded cluster from one run to the next',
  },
}

/** What else the program does, with `muster` before it. */
const COMMANDS: Readonly<Record<string, string>> = {
  'check FILE': 'Say every mistake of a Corefile',
  demo: 'Serve an embedded cluster that lives (npm start)',
  'explain NAME': 'Ask the server that runs here why a name has the answer that it has',
  'shell [COMMAND]': 'Resolve names as a Pod of the demonstration does',
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

/**
 * Reads flags as Go's command lines have them: one dash or two, `-flag value` or `-flag=value`, booleans alone or with `=`; the first word
 * that is no flag, or `--`, ends them.
 *
 * @param demo whether the flags of the demonstration are known too
 */
export function parseFlags(words: readonly string[], demo = false): Parsed {
  const known = demo ? DEMO_FLAGS : FLAGS
  if (words[0] === 'help') return usage(known, '', 0)
  const flags: Flags = {
    conf: '',
    port: demo ? DEMO_PORT : '53',
    pidfile: '',
    plugins: false,
    quiet: false,
    version: false,
    threads: 0,
    tableMib: DEFAULT_TABLE_MIB,
    apiPort: 16443,
    pagePort: '9155',
    explainPort: DEFAULT_EXPLAIN_PORT,
    state: '',
  }
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') return { outcome: 'run', flags, rest: words.slice(at + 1) }
    const shape = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word)
    if (shape === null) break
    const [, name = '', given] = shape
    if (name === 'h' || name === 'help') return usage(known, '', 0)
    const flag = known[name]
    if (flag === undefined) return usage(known, `flag provided but not defined: -${name}\n`, 2)
    let value = given
    if (flag.kind !== 'bool' && value === undefined) {
      value = words[++at]
      if (value === undefined) return usage(known, `flag needs an argument: -${name}\n`, 2)
    }
    const problem = assign(flags, flag, value)
    if (problem !== undefined) {
      const what = flag.kind === 'bool' ? 'boolean value' : 'value'
      return usage(
        known,
        `invalid ${what} "${value}" for ${flag.kind === 'bool' ? '' : 'flag '}-${name}: ${problem}\n`,
        2,
      )
    }
  }
  return { outcome: 'run', flags, rest: words.slice(at) }
}

/** Whether a command line begins with `-h` or `-help`. */
export function asksForHelp([first = '']: readonly string[]): boolean {
  return /^--?h(elp)?$/.test(first)
}

/** Returns what is wrong with the value. */
function assign(
  flags: Flags,
  { field, kind, most = Number.POSITIVE_INFINITY }: (typeof FLAGS)[string],
  value: string | undefined,
): string | undefined {
  const target = flags as unknown as Record<string, string | boolean | number>
  if (kind === 'bool') {
    if (value !== undefined && !TRUE.has(value) && !FALSE.has(value)) return 'parse error'
    target[field] = value === undefined || TRUE.has(value)
  } else if (kind === 'number') {
    if (!/^\d+$/.test(value ?? '')) return 'parse error'
    if (Number(value) > most) return `value out of range, at most ${most}`
    target[field] = Number(value)
  } else target[field] = value ?? ''
  return undefined
}

function usage(known: typeof FLAGS, problem: string, exitCode: 0 | 2): Parsed {
  let text = `${problem}Usage of muster:\n`
  for (const name of Object.keys(known).sort()) {
    const flag = known[name] as Flag
    const kind = flag.kind === 'bool' ? '' : flag.kind === 'number' ? ' int' : ' string'
    text += `  -${name}${kind}\n    \t${flag.help}${flag.shown === undefined ? '' : ` ${flag.shown}`}\n`
  }
  if (known === FLAGS) {
    text += 'Commands, each with flags of its own (muster COMMAND -h):\n'
    for (const [command, help] of Object.entries(COMMANDS)) text += `  ${command}\n    \t${help}\n`
  }
  return { outcome: 'usage', text, exitCode }
}
