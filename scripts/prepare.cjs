// Run by npm after an install: builds dist/ and links node_modules/.bin/muster, which npm does not do for a package's own program.
const { spawnSync } = require('node:child_process')
const { existsSync, mkdirSync, rmSync, symlinkSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const bin = join(root, 'node_modules', '.bin')

/** The Node that the package `node` brings, or the one running where a newer one is at hand. */
function node24() {
  const brought = join(bin, 'node')
  return existsSync(brought) ? brought : process.execPath
}

function run(args) {
  const done = spawnSync(node24(), args, { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}

run([join(root, 'scripts', 'build.ts')])
const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
if (existsSync(tap)) run([tap, 'build'])
mkdirSync(bin, { recursive: true })
const link = join(bin, 'muster')
rmSync(link, { force: true })
symlinkSync(join('..', '..', 'bin', 'muster.cjs'), link)
