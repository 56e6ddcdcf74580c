import t from 'tap'
import { parseFlags } from '../../src/cli/flags.ts'

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
