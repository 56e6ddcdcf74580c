import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { unshareArguments } from '../../src/shell/namespace.ts'
import { freePort } from '../ports.ts'
import { root, sh, startDemo } from './demo.ts'
import { skipWithout } from './peers/scene.ts'

t.setTimeout(1_800_000)
const unshare = unshareArguments()
if ('why' in unshare) {
  t.plan(0, `no network namespaces here: ${unshare.why}`)
  process.exit()
}

const demo = await startDemo()
const folder = mkdtempSync(join(tmpdir(), 'muster-resolvers-'))
t.teardown(async () => {
  await demo.stop()
  rmSync(folder, { recursive: true, force: true })
})
const inside = (command: string, namespace = 'shop') =>
  sh(`${demo.shell} --namespace ${namespace} -- sh -c '${command}'`)

const sources = `${root}test/clients/resolvers`
const go = 'CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local go build -o'
/** Programs that resolve names: what builds them, and how they are run. */
const programs = [
  {
    name: 'glibc',
    needs: 'gcc',
    build: `gcc -Wall -Werror -o ${folder}/glibc ${sources}/lookup.c`,
  },
  {
    name: 'musl, static',
    needs: 'musl-gcc',
    build: `musl-gcc -Wall -Werror -static -o ${folder}/musl ${sources}/lookup.c`,
    run: `${folder}/musl`,
  },
  { name: 'Node', needs: process.execPath, run: `${process.execPath} ${sources}/lookup.mjs` },
  { name: 'Python', needs: 'python3', run: `python3 ${sources}/lookup.py` },
  {
    name: 'Go',
    needs: 'go',
    build: `${go} ${folder}/go ${sources}/lookup.go`,
    run: `${folder}/go`,
  },
]

/** The lines of a program, its addresses in order. */
const sorted = (output: string) =>
  output.split('\n').map((line) => {
    const [name, ...addresses] = line.split(' ')
    return [name, ...addresses.sort()].join(' ')
  })

for (const { name, needs, build, run = `${folder}/${name}` } of programs) {
  t.test(`${name} resolves short names as in a Pod`, async (t) => {
    if ((await sh(`command -v ${needs}`)).code !== 0) return t.comment(`skipped: no ${needs} here`)
    if (build !== undefined) {
      const built = await sh(build)
      t.equal(built.code, 0, built.output)
    }
    const dig = `dig +short @127.0.0.1 -p ${demo.dns}`
    const web0 = (await sh(`${dig} web-0.web.shop.svc.cluster.local`)).output
    t.match(web0, /^10\.42\./)
    const names =
      'db db.shop web-0.web db.default mysql-0.db mysql-0.db.default nothing nothing.shop'
    const { output } = await inside(`${run} ${names}`)
    t.same(sorted(output), [
      'db: 10.43.20.5',
      'db.shop: 10.43.20.5',
      `web-0.web: ${web0}`,
      'db.default: 10.42.0.20 10.42.1.18 10.42.2.19',
      'mysql-0.db: absent',
      'mysql-0.db.default: 10.42.0.20',
      'nothing: absent',
      'nothing.shop: absent',
    ])
    const other = await inside(`${run} db mysql-1.db web-1.nginx web-1.web`, 'default')
    t.same(sorted(other.output), [
      'db: 10.42.0.20 10.42.1.18 10.42.2.19',
      'mysql-1.db: 10.42.1.18',
      'web-1.nginx: 10.244.2.18',
      'web-1.web: absent',
    ])
  })
}

t.test('getent and busybox nslookup', { skip: skipWithout('busybox') }, async (t) => {
  t.match(
    (await inside('getent hosts db')).output,
    /^10\.43\.20\.5 +db\.shop\.svc\.cluster\.local$/,
  )
  const ahosts = (await inside('getent ahosts mysql-2.db', 'default')).output
  t.match(ahosts, /^10\.42\.2\.19 +STREAM mysql-2\.db\.default\.svc\.cluster\.local/)
  t.equal((await inside('getent hosts nothing')).code, 2, 'the code of getent for a missing key')
  const short = (await inside('busybox nslookup db')).output
  t.match(short, /Server:\s+10\.43\.0\.10\n/)
  t.match(short, /Name:\s+db\.shop\.svc\.cluster\.local\nAddress: 10\.43\.20\.5/)
  // It applies no search list to names with dots, whatever ndots says.
  const full = (await inside('busybox nslookup web-0.web.shop.svc.cluster.local')).output
  t.match(full, /Name:\s+web-0\.web\.shop\.svc\.cluster\.local\nAddress: 10\.42\./)
})

t.test('the name server of the shell answers over TCP, and many at once', async (t) => {
  const tcp = await inside('dig +tcp +short +search db')
  t.equal(tcp.output, '10.43.20.5')
  // Two digs may come to share a port, and take each other's answers: they say so, and ask again.
  const many = await inside(
    'for i in $(seq 60); do dig +short +search db >>$0/$i & done; wait; cat $0/* | grep -v "^;" | sort | uniq -c'.replaceAll(
      '$0',
      emptyFolder('many'),
    ),
  )
  t.match(many.output, /^60 10\.43\.20\.5$/)
})

t.test('exit codes are passed on, signals as the shell counts them', async (t) => {
  t.equal((await inside('exit 0')).code, 0)
  t.equal((await inside('exit 7')).code, 7)
  t.equal((await inside('kill -9 $$')).code, 137)
  t.equal((await inside('no-such-program')).code, 127)
})

t.test('an interactive shell says where it is', async (t) => {
  const { output, code } = await sh(
    `echo 'getent hosts db; exit 4' | SHELL=/bin/sh ${demo.shell} -n shop`,
  )
  t.match(output, '10.43.20.5')
  t.match(
    output,
    `A shell in namespace shop: Muster at 127.0.0.1:${demo.dns} answers for 10.43.0.10.`,
  )
  t.equal(code, 4)
})

t.test('nothing stays behind, and the machine’s own files are as they were', async (t) => {
  const before = execFileSync('cat', ['/etc/resolv.conf', '/etc/nsswitch.conf'], {
    encoding: 'utf8',
  })
  const temporary = emptyFolder('temporary')
  await sh(`TMPDIR=${temporary} ${demo.shell} -n shop -- true`)
  t.same(readdirSync(temporary), [])
  t.equal(
    execFileSync('cat', ['/etc/resolv.conf', '/etc/nsswitch.conf'], { encoding: 'utf8' }),
    before,
  )
})

t.test('who is not root has it too', { skip: process.getuid?.() !== 0 }, async (t) => {
  const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups'
  const reads = `${nobody} ${process.execPath} -e 'fs.readdirSync("${root}src")'`
  const works = await sh(`${reads} && ${nobody} unshare -rnm true`)
  if (works.code !== 0) return t.comment(`skipped: ${works.output.split('\n')[0]}`)
  const { output } = await sh(`${nobody} ${demo.shell} -n shop -- getent hosts db`)
  t.match(output, '10.43.20.5')
})

t.test('where it cannot be, one sentence says why, and the code is 1', async (t) => {
  const free = await freePort()
  const elsewhere = demo.shell.replace(String(demo.dns), String(free))
  t.same(await sh(`${elsewhere} -n shop -- true`), {
    code: 1,
    output: `muster shell: nobody answers at 127.0.0.1:${free}: run npm start first, or say with --dns.port where Muster listens.`,
  })
  t.same(await sh(`${demo.shell} -n shp -- true`), {
    code: 1,
    output: 'muster shell: there is no Namespace shp.',
  })
  const forbid = 'cd /proc/sys/user; echo 0 >max_net_namespaces; echo 0 >max_user_namespaces'
  const strict = await sh(
    `unshare -rm sh -c '${forbid}; cd ${root}; ${demo.shell} -n shop -- true'`,
  )
  t.equal(strict.code, 1)
  t.match(
    strict.output,
    /^muster shell: this machine does not allow a network of its own \(unshare: .*\); ask with dig @127\.0\.0\.1 -p \d+ instead\.$/,
  )
  const without = await sh(`PATH=${emptyFolder('empty')} ${demo.shell} -n shop -- true`)
  t.equal(without.code, 1)
  t.match(without.output, 'there is no program unshare (util-linux)')
  t.equal((await sh(`${demo.shell} --nonsense 1`)).code, 2)
})

function emptyFolder(name: string): string {
  mkdirSync(join(folder, name))
  return join(folder, name)
}
