/**
 * What the bundle begins with, and all that a Node too old for the rest can read of it: starts Node anew, in the same process, with the options that keep the server small, and only then
 * loads it. Where that cannot be done (Windows has no execve) the server runs as it was started, and takes more memory.
 */
import { nodeComplaint } from './cli/node.ts'
import { relaunch } from './cli/relaunch.ts'

const { execArgv, env, execPath, argv, versions } = process
const complaint = nodeComplaint(versions.node)
if (complaint !== undefined) {
  process.stderr.write(`${complaint}\n`)
  process.exit(1)
}
const launch = relaunch({ execArgv, environment: env })
if (launch !== undefined) {
  try {
    process.execve?.(execPath, [execPath, ...launch.args, ...argv.slice(1)], launch.environment)
  } catch {
    // Not here, then.
  }
}
await import('./main.ts')
