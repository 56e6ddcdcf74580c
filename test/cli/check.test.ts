import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { check } from '../../src/cli/check.ts'
import { OPTIONS } from '../../src/cli/hints.ts'
import { ORDER } from '../../src/plugin/order.ts'
import { checkCorefile } from '../../src/server/check.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs `muster check` over files that lie nowhere; returns what it printed and its exit code. */
async function run(files: Readonly<Record<string, string>>, ...words: string[]) {
  let text = ''
  const exitCode = await check(words, {
    environment: {},
    workingDirectory: root,
    read: (path) => {
      const file = files[path]
      if (file === undefined) {
        throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
          code: 'ENOENT',
        })
      }
      return file
    },
    write: (more) => {
      text += more
    },
  })
  return { text, exitCode }
}

const errors = `(common) {
    errors
}
.:53, a.test:99999 {
    import common
    import nowhere.conf
    kuberntes cluster.local
    proxy . 8.8.8.8
    kubernetes cluster.local in-addr.arpa {
        upstream
        resyncperiod 5m
        pods maybe
        podz insecure
        ttl 99999
    }
    cache 30 {
        sucess 100
    }
    forward . 1.1.1.1 {
        max_fail 3
        policy wild
    }
    nomad
    health a b
}
.:53 {
    whoami
    max_fails 3
    tls a b c d
    teleport
}
`

t.test('every mistake is told with its line and what to do', async (t) => {
  const { text, exitCode } = await run({ Corefile: errors }, 'Corefile')
  t.equal(exitCode, 1)
  const expected: [string, RegExp][] = [
    ['Corefile:4: address 99999: invalid port', /^Corefile/],
    ['Corefile:6: File to import not found: nowhere.conf', /relative paths begin at the folder/],
    ["Corefile:7: Unknown directive 'kuberntes'", /did you mean `kubernetes`\?/],
    ["Corefile:8: Unknown directive 'proxy'", /write `forward FROM TO\.\.\.`/],
    ["Corefile:10: plugin/kubernetes: unknown property 'upstream'", /remove the line/],
    ["Corefile:11: plugin/kubernetes: unknown property 'resyncperiod'", /remove the line/],
    ['Corefile:12: plugin/kubernetes: wrong value for pods: maybe', /README\.md has the syntax/],
    ["Corefile:13: plugin/kubernetes: unknown property 'podz'", /did you mean `pods`\?/],
    ['Corefile:14: plugin/kubernetes: ttl must be in range [0, 3600]: 99999', /README/],
    ['Corefile:17: plugin/cache: Wrong argument count', /did you mean `success`\?/],
    ["Corefile:20: plugin/forward: unknown property 'max_fail'", /did you mean `max_fails`\?/],
    ["Corefile:21: plugin/forward: unknown policy 'wild'", /README/],
    ["Corefile:23: Unknown directive 'nomad'", /Muster does not have/],
    ['Corefile:24: plugin/health: Wrong argument count', /count the words/],
    ['Corefile:26: cannot serve dns://.:53 - it is already defined', /put them together/],
    ["Corefile:28: Unknown directive 'max_fails'", /an option of forward/],
    ['Corefile:29: plugin/tls: Wrong argument count', /count the words/],
    ["Corefile:30: Unknown directive 'teleport'", /muster -plugins/],
  ]
  const lines = text.split('\n')
  for (const [said, hint] of expected) {
    const at = lines.findIndex((line) => line.startsWith(said))
    t.ok(at !== -1, said)
    t.match(lines[at + 1], hint, said)
  }
  t.match(text, new RegExp(`\nCorefile: ${expected.length} mistakes, 1 note\n$`), text)
})

t.test('a Corefile without mistakes is told so', async (t) => {
  const { text, exitCode } = await run({ Corefile: '.:5300 {\n whoami\n}\n' }, 'Corefile')
  t.strictSame([text, exitCode], ['Corefile: no mistakes\n', 0])
})

t.test('what is read from standard input, or is not there, is named so', async (t) => {
  t.match(
    (await run({ '-': '. {\n teleport\n}\n' }, '-')).text,
    /^stdin:2: Unknown directive[\s\S]*\nstdin: 1 mistake\n$/,
  )
  const missing = await run({}, 'Corefile')
  t.strictSame(missing, { text: 'open Corefile: no such file or directory\n', exitCode: 1 })
  for (const words of [
    [],
    ['a', 'b'],
    ['--against'],
    ['-dns.port', 'x', 'a'],
    ['--loud', 'a'],
    ['-', '--against', '-'],
  ]) {
    t.equal((await run({}, ...words)).exitCode, 2, words.join(' '))
  }
})

t.test('a brace that is missing ends the check with its line', async (t) => {
  const { text, exitCode } = await run({ Corefile: '. {\n whoami\n errors {\n' }, 'Corefile')
  t.equal(exitCode, 1)
  t.match(text, /^Corefile:3: .*\n {4}a brace is opened and not closed again\n/)
})

t.test('one brace too many does not hide what comes behind it', async (t) => {
  const text = '. {\n whoami\n}\n}\na.test {\n teleport\n}\n'
  t.match((await run({ Corefile: text }, 'Corefile')).text, /:6: Unknown directive 'teleport'/)
})

t.test('a snippet that imports itself is one mistake', async (t) => {
  const text = '(a) {\n import a\n}\n. {\n import a\n whoami\n}\n'
  t.strictSame(await run({ Corefile: text }, 'Corefile'), {
    text: 'Corefile:3: maximum snippet import depth (10000) exceeded\nCorefile: 1 mistake\n',
    exitCode: 1,
  })
})

t.test('nothing to serve is worth a note, and no mistake', async (t) => {
  const empty = await run({ Corefile: '# later\n' }, 'Corefile')
  t.match(empty.text, /^Corefile: note: no server block: log and whoami answer /)
  t.equal(empty.exitCode, 0)
  const bare = await run({ Corefile: 'a.test {\n whoami\n}\nb.test c.test\n' }, 'Corefile')
  t.match(bare.text, /^Corefile:4: note: block b\.test has no plugin: .* REFUSED\n/)
  t.equal(bare.exitCode, 0)
})

t.test('with --against, what comes, goes and is set up otherwise is told by block', async (t) => {
  const old = `.:53 {
    errors
    log
    cache 30
    forward . 1.1.1.1 {
        policy random
        max_fails 3
    }
}
old.test {
    whoami
}
`
  const now = `new.test {
    whoami
}
. {
    forward . 1.1.1.1 {
        max_fails 5
        policy random
    }
    cache 30
    errors
    ready
}
`
  const { text, exitCode } = await run({ old, now }, '--against', 'old', 'now')
  t.equal(exitCode, 0)
  t.equal(
    text,
    `now: no mistakes
changes:
- old.test.:53 is no longer served
+ new.test.:53 is served
new.test.:53
  + whoami
.:53
  - log
  ~ forward
      -     max_fails 3
      +     max_fails 5
  + ready
`,
  )
  t.match((await run({ old }, '--against=old', 'old')).text, /nothing changes\n$/)
})

t.test('an old file that cannot be read is told, and is not taken for an empty one', async (t) => {
  const old = '. {\n whoami\n errors {\n'
  const now = '. {\n whoami\n}\n'
  const { text, exitCode } = await run({ old, now }, '--against', 'old', 'now')
  t.equal(exitCode, 1)
  t.match(text, /^now: no mistakes\nold:3: .*\n.*\nold: 1 mistake\nwhat changes cannot be told\n$/)
  t.match((await run({ old: '# later\n', now }, '--against', 'old', 'now')).text, /is served/)
})

t.test('a variable that is not set is worth a note', async (t) => {
  const Corefile = '.:{$PORT} {\n # {$NEVER}\n forward . {%UPSTREAM%}\n whoami\n}\n'
  const { text } = await run({ Corefile }, 'Corefile')
  t.match(
    text,
    /^Corefile:1: note: \{\$PORT\} stands for nothing: the environment has no PORT here$/m,
  )
  t.match(text, /^Corefile:3: note: \{%UPSTREAM%\} stands for nothing: .* has no UPSTREAM here$/m)
  t.notMatch(text, /NEVER/)
})

t.test('every option that a hint may name is one that its plugin knows', async (t) => {
  for (const module of ORDER) {
    for (const option of OPTIONS[module.name]?.split(' ') ?? []) {
      const argument = module.name === 'loadbalance' && option === 'reload' ? 'weighted file' : ''
      const text = `. {\n ${module.name} ${argument} {\n ${option}\n }\n}\n`
      const input = { text, path: 'Corefile' }
      const options = { environment: {}, workingDirectory: root, defaultPort: 53 }
      const { findings } = await checkCorefile(input, { ...options, modules: [module] })
      const said = findings.map((finding) => finding.text).join('; ')
      t.notMatch(
        said,
        new RegExp(`unknown (property|option) '${option}'`),
        `${module.name} ${option}`,
      )
    }
  }
})

t.test('the Corefiles that Muster comes with have no mistakes', async (t) => {
  const folder = join(root, 'deploy')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const corefiles = files.filter((file) => /(^|\/)Corefile$/.test(file))
  t.ok(corefiles.length > 0)
  for (const file of corefiles) {
    const text = readFileSync(join(folder, file), 'utf8')
    const environment = {
      MUSTER_DNS_PORT: '1053',
      MUSTER_KUBECONFIG: 'missing',
      KUBE_DNS_UPSTREAM_SERVICE_HOST: '10.96.0.11',
    }
    const { findings } = await checkCorefile(
      { text, path: file },
      { modules: ORDER, environment, workingDirectory: folder, defaultPort: 53 },
    )
    const mistakes = findings.filter(
      ({ text, kind }) => kind === 'mistake' && !/missing/.test(text),
    )
    t.strictSame(mistakes, [], file)
  }
})
