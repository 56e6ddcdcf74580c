import { readFileSync } from 'node:fs'
import t from 'tap'
import { loadRelease, releasable } from '../../src/net/release.ts'

/** A mapping as proc(5) has it, with some of its fields. */
function mapping(
  range: string,
  permissions: string,
  file: string,
  { anonymous = 0, swap = 0 } = {},
): string {
  return `${range} ${permissions} 00000000 fe:00 4711                     ${file}
Size:               3344 kB
Rss:                3344 kB
Anonymous:      ${String(anonymous).padStart(8)} kB
AnonHugePages:         0 kB
Swap:           ${String(swap).padStart(8)} kB
SwapPss:               0 kB
VmFlags: rd mr mw me sd
`
}

t.test('only what is the executable’s file and nothing else may be released', async (t) => {
  const smaps = [
    mapping('00400000-00744000', 'r--p', '/usr/bin/node'),
    mapping('00744000-00745000', 'r-xp', '/usr/bin/node'),
    mapping('00800000-00801000', 'rw-p', '/usr/bin/node'),
    mapping('00900000-00904000', 'r--p', '/usr/bin/node', { anonymous: 8 }),
    mapping('00a00000-00a04000', 'r--p', '/usr/bin/node', { swap: 4 }),
    mapping('00b00000-00b04000', 'r--s', '/usr/bin/node'),
    mapping('00c00000-00c04000', 'rwxp', '/usr/bin/node'),
    mapping('7f0000000000-7f0000004000', 'r-xp', '/usr/lib/libc.so.6'),
    mapping('7f0000004000-7f0000008000', 'r-xp', '/usr/bin/node-other'),
    mapping('7f0000008000-7f000000c000', 'r-xp', ''),
    mapping('7fffffff0000-7fffffff4000', 'r-xp', '[vdso]'),
    mapping('ffffffffff600000-ffffffffff601000', 'r-xp', '/usr/bin/node'),
  ].join('')
  t.strictSame(releasable(smaps, '/usr/bin/node'), [
    { from: 0x400000n, octets: 0x344000 },
    { from: 0x744000n, octets: 0x1000 },
    { from: 0xffffffffff600000n, octets: 0x1000 },
  ])
  t.strictSame(releasable('', '/usr/bin/node'), [])
})

t.test('pages of Node’s file leave the process, which goes on', async (t) => {
  const release = loadRelease()
  if (release === undefined) {
    t.comment('another system, or no koffi')
    return
  }
  const resident = () =>
    Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1])
  const before = resident()
  await release()
  const after = resident()
  t.ok(after < 0.8 * before, `${before} kB before, ${after} kB after`)
  // Code of all kinds, from what comes back of the file.
  t.equal(new Intl.NumberFormat('de').format(1234.5), '1.234,5')
  t.match('Straße'.normalize('NFD').toLocaleUpperCase('de'), /^STRASSE$/)
  t.equal(new Function('a', 'return a.map((one) => one ** 2)')([1, 2, 3]).join(), '1,4,9')
  await release()
})
