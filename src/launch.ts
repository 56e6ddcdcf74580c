/**
 * What the bundle begins with: starts Node anew, in the same process, with the options that keep the server small, and only then
 * loads it. Where that cannot be done (Windows has no execve) the server runs as it was started, and takes more memory.
 */
import { relaunch } from './cli/relaunch.ts'

const { execArgv, env, execPath, argv } = process
const launch = relaunch({ execArgv, environment: env })
if (launch !== undefined) {
  try {
    process.execve?.(execPath, [execPath, ...launch.args, ...argv.slice(1)], launch.environment)
  } catch {
    // Not here, then.
  }
}
await import('./main.ts')
