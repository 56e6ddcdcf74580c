// Bundles the server and its data threads: dist/main.js and dist/thread.js, one file each, with koffi's binary left outside.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const entries: Record<string, string> = { main: 'src/main.ts', thread: 'src/net/thread.ts' }

await build({
  absWorkingDir: root,
  entryPoints: Object.entries(entries)
    .filter(([, file]) => existsSync(`${root}${file}`))
    .map(([out, file]) => ({ in: file, out })),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: true,
  external: ['koffi'],
  banner: {
    js: "import { createRequire as muster_createRequire } from 'node:module'; const require = muster_createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
