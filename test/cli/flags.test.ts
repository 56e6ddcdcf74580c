import t from 'tap'
import { check } from '../../src/cli/check.ts'
import { explain } from '../../src/cli/explain.ts'
import { parseFlags } from '../../src/cli/flags.ts'
import { portOf } from '../../src/cli/run.ts'
import { shell } from '../../src/cli/shell.ts'

/** The flags of a command line that is right. */
function flagsOf(...words: string[]) {
  const parsed = parseFlags(words)
  if (parsed.outcome !== 'run') throw new Error(parsed.text)
  return parsed.flags
}

t.test('the answer table is 32 MiB, another size, or none', async (t) => {
  t.equal(flagsOf().tableMib, 32)
  t.equal(flagsOf('-table-mib', '4').tableMib, 4)
  t.equal(flagsOf('--table-mib=0').tableMib, 0)
  t.match(parseFlags(['-table-mib', 'much']), {
    outcome: 'usage',
    exitCode: 2,
    text: /invalid value "much" for flag -table-mib: parse error\n/,
  })
  t.match(parseFlags(['-table-mib', '-1']), { outcome: 'usage', exitCode: 2 })
  t.equal(flagsOf('-table-mib', '1024').tableMib, 1024)
  t.match(parseFlags(['-table-mib', '1025']), {
    outcome: 'usage',
    exitCode: 2,
    text: /^invalid value "1025" for flag -table-mib: value out of range, at most 1024\n/,
  })
})

t.test('data threads are as many as are asked for, else as many as suit the machine', async (t) => {
  t.equal(flagsOf().threads, 0)
  t.equal(flagsOf('-threads', '3').threads, 3)
  t.match(parseFlags(['-threads', '1.5']), { outcome: 'usage', exitCode: 2 })
  t.match(parseFlags(['-threads', '33']), { outcome: 'usage', exitCode: 2, text: /at most 32\n/ })
})

t.test('help lists the flags and the commands', async (t) => {
  for (const words of [['help'], ['-h'], ['--help'], ['-quiet', '-help']]) {
    const parsed = parseFlags(words)
    t.match(parsed, { outcome: 'usage', exitCode: 0 }, words.join(' '))
    const { text } = parsed as { text: string }
    t.match(text, /^Usage of muster:\n {2}-conf string\n/)
    for (const command of ['check FILE', 'demo', 'explain NAME', 'shell [COMMAND]']) {
      t.ok(text.includes(`\n  ${command}\n`), command)
    }
  }
  const demo = parseFlags(['-h'], true)
  t.notMatch(demo, { text: /explain NAME/ })
  t.match(demo, { text: /-dns\.port string\n\s+Port of DNS on 127\.0\.0\.1 \(default "1053"\)/ })
})

t.test('a command that is asked for help gives its usage and exits with 0', async (t) => {
  const written: string[] = []
  const write = (text: string) => void written.push(text)
  const world = { environment: {}, workingDirectory: '/', read: () => '', write }
  t.equal(await check(['-h'], world), 0)
  t.equal(await explain(['--help'], write), 0)
  const { signal: stopped } = new AbortController()
  t.equal(await shell(['-help'], { shell: undefined, say: write, stopped }), 0)
  t.match(written, [/^Usage: muster check /, /^Usage: muster explain /, /^Usage: muster shell /])
})

t.test('a default port that is no number is told with its flag', async (t) => {
  t.equal(portOf('053'), 53)
  for (const text of ['abc', '', '0x35', '1e3']) {
    t.throws(() => portOf(text), { message: `-dns.port "${text}": unknown port` })
  }
})
