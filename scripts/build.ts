/**
 * Bundles the server, its data threads and what opens sockets for `muster shell`: dist/main.js, dist/thread.js, dist/sockets.js and the parts that are loaded when they are needed, with koffi's binary left
 * outside. Every octet of a part that is loaded stays in memory, so blanks go, names stay, and what client-node only needs for requests, which it makes
 * none of here, is left out.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = `${root}dist`

/** client-node's modules do nothing but define things, so those that nobody uses go; it does not say so itself. */
const configurationOnly: Plugin = {
  name: 'configuration-only',
  setup(builder) {
    builder.onResolve({ filter: /^undici$/ }, ({ importer }) =>
      isOfClientNode(importer) ? { path: 'undici', namespace: 'left-out' } : undefined,
    )
    builder.onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: NO_REQUESTS }))
    builder.onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === RESOLVING) return undefined
      if (!isOfClientNode(path) && !isOfClientNode(rest.importer)) return undefined
      const { kind, importer, resolveDir, with: attributes } = rest
      const options = { kind, importer, resolveDir, with: attributes, pluginData: RESOLVING }
      const resolved = await builder.resolve(path, options)
      return resolved.errors.length > 0 ? resolved : { ...resolved, sideEffects: false }
    })
  },
}
const RESOLVING = Symbol('resolving')
const isOfClientNode = (path: string) => path.includes('@kubernetes/client-node')

/** Files that a module of the source reads from beside itself are in the bundle: what it gives is put in its place. */
const embedded: Plugin = {
  name: 'embedded',
  setup(builder) {
    builder.onLoad({ filter: /\/plugin\/page\/assets\.ts$/ }, async ({ path }) => {
      const { ASSETS } = (await import(path)) as { ASSETS: Readonly<Record<string, string>> }
      return { contents: `export const ASSETS = ${JSON.stringify(ASSETS)}` }
    })
  },
}

/** In the place of undici: KubeConfig has it for agents of fetch, which nothing here asks for. */
const NO_REQUESTS = `
export class Agent {
  constructor() { throw new Error('requests of client-node are not in this bundle') }
}
export class ProxyAgent extends Agent {}
export const fetch = globalThis.fetch`

const { outputFiles } = await build({
  write: false,
  absWorkingDir: root,
  entryPoints: {
    main: 'src/launch.ts',
    thread: 'src/net/thread.ts',
    sockets: 'src/shell/sockets.ts',
  },
  outdir: out,
  chunkNames: 'part-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  plugins: [configurationOnly, embedded],
  external: ['koffi'],
  banner: {
    js: "import { createRequire as muster_createRequire } from 'node:module'; const require = muster_createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})

/** A server that runs from an earlier build may ask for its parts later. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000

// A server may run from here: a file changes as a whole or not at all, and the entries, which name the parts, come last.
mkdirSync(out, { recursive: true })
const isPart = (file: string) => basename(file).startsWith('part-')
for (const file of outputFiles.sort((a, b) => Number(isPart(b.path)) - Number(isPart(a.path)))) {
  if (isThere(file.path, file.contents)) {
    utimesSync(file.path, new Date(), new Date())
    continue
  }
  const whole = `${file.path}.${process.pid}.new`
  writeFileSync(whole, file.contents)
  renameSync(whole, file.path)
}
const written = new Set(outputFiles.map(({ path }) => basename(path)))
for (const file of readdirSync(out)) {
  if (written.has(file)) continue
  const path = `${out}/${file}`
  const old = Date.now() - statSync(path).mtimeMs > KEPT_MS
  if (old || file.endsWith('.map')) rmSync(path, { force: true })
}

function isThere(path: string, contents: Uint8Array): boolean {
  try {
    return readFileSync(path).equals(contents)
  } catch {
    return false
  }
}
