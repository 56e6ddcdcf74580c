import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from './rendered.ts'

const read = (file: string) => readFileSync(join(root, file), 'utf8')
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
const argumentsOf = (word: string) =>
  instructions
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.slice(word.length + 1))

t.test('two stages, each from a base that cannot change under its name', async (t) => {
  const bases = argumentsOf('FROM')
  t.equal(bases.length, 2)
  for (const base of bases) t.match(base, /@sha256:[0-9a-f]{64}( AS build)?$/)
})

t.test('Node is the one that the package is tested with', async (t) => {
  const { dependencies } = JSON.parse(read('package.json'))
  t.match(argumentsOf('FROM')[0], new RegExp(`^node:${dependencies.node}-`))
})

t.test(
  'it runs as somebody without rights, as one process, and nothing checks it from within',
  async (t) => {
    t.strictSame(argumentsOf('USER'), ['65532:65532'])
    t.strictSame(argumentsOf('ENTRYPOINT'), ['["/usr/local/bin/node", "/muster/main.js"]'])
    t.strictSame([...argumentsOf('HEALTHCHECK'), ...argumentsOf('CMD')], [])
  },
)

t.test('the build sees what it reads and nothing else', async (t) => {
  const [all, ...let_through] = read('.dockerignore')
    .split('\n')
    .filter((line) => !/^(#|$)/.test(line))
  t.equal(all, '*')
  const copied = argumentsOf('COPY')
    .filter((words) => !words.startsWith('--from'))
    .flatMap((words) => words.split(' ').slice(0, -1))
  t.strictSame(let_through.map((line) => line.slice(1)).sort(), copied.sort())
})
