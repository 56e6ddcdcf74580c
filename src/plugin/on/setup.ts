import type { PluginModule } from '../setup.ts'

/** `on EVENT COMMAND [ARGS...]`: accepted, and never run. */
export const module: PluginModule = {
  name: 'on',
  setup({ tokens, log }) {
    const events: string[] = []
    while (tokens.next()) {
      const [event, command] = tokens.remainingArgs()
      if (event === undefined || command === undefined) throw tokens.argErr()
      events.push(event)
    }
    log.warning(
      `commands are not run (events: ${events.join(', ')}): a DNS server that starts other programs is not what Muster is; let the container or service manager run them`,
    )
    return undefined
  },
}
