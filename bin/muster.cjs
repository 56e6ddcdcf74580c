#!/usr/bin/env node
// Plain CommonJS that any Node parses, so that a Node too old for Muster gets a sentence and not a stack trace.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `muster needs Node 24 or newer, and this is Node ${process.versions.node}: run it as "npx muster" in its folder (the npm package "node" there brings the right one), or put a newer Node first in PATH.\n`,
  )
  process.exit(1)
}
import('../dist/main.js').catch((error) => {
  process.stderr.write(`muster: ${error.stack || error}\n`)
  process.exit(1)
})
