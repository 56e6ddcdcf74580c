import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** Which rooms each room may look into. `log` and `version` are open to all. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  launch: ['cli', 'main'],
  main: ['cli', 'corefile', 'demo', 'server', 'sandbox'],
  cli: ['server', 'plugin', 'corefile', 'shell'],
  demo: ['cli', 'sandbox', 'server', 'corefile'],
  server: ['plugin', 'net', 'table', 'kube', 'corefile', 'admin', 'wire'],
  plugin: ['wire', 'kube', 'net', 'corefile', 'admin'],
  net: ['wire', 'table'],
  table: ['wire'],
  admin: [],
  corefile: [],
  kube: [],
  sandbox: [],
  shell: [],
  wire: [],
  log: [],
  version: [],
}
const OPEN = ['log', 'version']

/** Packages that one room owns. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['kube'],
  koffi: ['net'],
  pino: ['log'],
  'prom-client': ['admin'],
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((entry) => {
    const path = join(directory, entry)
    if (statSync(path).isDirectory()) return filesBelow(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

const roomOf = (path: string) => (relative(src, path).split('/')[0] as string).replace(/\.ts$/, '')

const IMPORT =
  /(?:^|\n)\s*(?:import|export)[^'"\n]*?(?:\n[^'"]*?)?from '([^']+)'|import\('([^']+)'\)/g

const imports = filesBelow(src).flatMap((file) => {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(IMPORT)].map((match) => ({
    file,
    what: (match[1] ?? match[2]) as string,
  }))
})

t.test('imports go the way that the architecture draws them', async (t) => {
  t.ok(imports.length > 100, 'the imports were found')
  for (const { file, what } of imports) {
    if (!what.startsWith('.')) continue
    const target = resolve(dirname(file), what)
    if (!target.startsWith(`${src}/`)) continue
    const [from, to] = [roomOf(file), roomOf(target)]
    if (from === to || OPEN.includes(to)) continue
    const allowed = ARROWS[from]?.includes(to) === true
    if (!allowed) t.fail(`${relative(src, file)} must not import ${relative(src, target)}`)
  }
})

t.test('each package that has an owner is imported there only', async (t) => {
  for (const { file, what } of imports) {
    const owners = OWNERS[what]
    if (owners !== undefined && !owners.includes(roomOf(file))) {
      t.fail(`${relative(src, file)} must not import ${what}`)
    }
  }
})

t.test('only main.ts and launch.ts end the process or read its arguments', async (t) => {
  for (const file of filesBelow(src)) {
    if (['main', 'launch'].includes(roomOf(file))) continue
    const text = readFileSync(file, 'utf8')
    const found = /\bprocess\.(exit|exitCode|argv|on|once|kill)\b/.exec(text)
    if (found !== null) t.fail(`${relative(src, file)} touches ${found[0]}`)
  }
})
