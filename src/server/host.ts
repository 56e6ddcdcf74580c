import { hostname } from 'node:os'
import type { Host } from '../plugin/setup.ts'

/** The real world, for plugins. What only the running server can do is handed in. */
export function systemHost(
  parts: Pick<
    Host,
    'environment' | 'fatal' | 'reload' | 'configurationHash' | 'version' | 'ailment'
  >,
): Host {
  return {
    now: () => performance.now(),
    wallClock: () => Date.now(),
    random: () => Math.random(),
    hostname: hostname(),
    ...parts,
  }
}
