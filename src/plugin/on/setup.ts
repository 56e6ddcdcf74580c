import type { PluginModule } from '../setup.ts'

const EVENTS: ReadonlySet<string> = new Set(['startup', 'shutdown', 'certrenew'])

/** `on EVENT COMMAND [ARGS...]`: accepted, and never run. */
export const module: PluginModule = {
  name: 'on',
  setup({ tokens, log }) {
    const events: string[] = []
    while (tokens.next()) {
      const [event, command = ''] = tokens.remainingArgs()
      if (event === undefined) throw tokens.argErr()
      if (!EVENTS.has(event.toLowerCase())) {
        throw tokens.err(`Wrong event name or event not supported: '${event}'`)
      }
      if (command.trim() === '') throw tokens.err("no command contained in ''")
      events.push(event)
    }
    log.warning(
      `commands are not run (events: ${events.join(', ')}): a DNS server that starts other programs is not what Muster is; let the container or service manager run them`,
    )
    return undefined
  },
}
