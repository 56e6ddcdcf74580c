/**
 * Bundles the server, its data threads and what opens sockets for `muster shell`: dist/main.js, dist/thread.js, dist/sockets.js and the parts that are loaded when they are needed, with koffi's binary left
 * outside. Every octet of a part that is loaded stays in memory, so blanks go, names stay, and what client-node only needs for requests, which it makes
 * none of here, is left out.
 */
import { readdirSync, rmSync } from 'node:fs'
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

/** In the place of undici: KubeConfig has it for agents of fetch, which nothing here asks for. */
const NO_REQUESTS = `
export class Agent {
  constructor() { throw new Error('requests of client-node are not in this bundle') }
}
export class ProxyAgent extends Agent {}
export const fetch = globalThis.fetch`

const { metafile } = await build({
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
  metafile: true,
  plugins: [configurationOnly],
  external: ['koffi'],
  banner: {
    js: "import { createRequire as muster_createRequire } from 'node:module'; const require = muster_createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})

// Parts of earlier builds.
const written = new Set(Object.keys(metafile.outputs).map((path) => path.replace(/^dist\//, '')))
for (const file of readdirSync(out)) {
  if (!written.has(file)) rmSync(`${out}/${file}`, { force: true })
}
