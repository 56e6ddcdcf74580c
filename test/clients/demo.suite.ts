import { type ChildProcess, spawn } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { unshareArguments } from '../../src/shell/namespace.ts'
import { hasEnded } from '../ended.ts'
import { freePort } from '../ports.ts'
import { kubectls, pagePorts, root, sh } from './demo.ts'
import { skipWithout } from './peers/scene.ts'

const [dns, api] = [await freePort(), await freePort()]
t.setTimeout(1_800_000)
/** For what takes a moment after a change. */
const PATIENCE_MS = 30_000

interface Demo {
  readonly child: ChildProcess
  readonly printed: () => string
}

async function startDemo(ports: { dns: number; api: number }): Promise<Demo> {
  const args = [
    'start',
    '--silent',
    '--',
    '-dns.port',
    String(ports.dns),
    '-api.port',
    String(ports.api),
    ...(await pagePorts()),
  ]
  const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let text = ''
  const printed = new Promise<void>((resolve) => {
    const take = (chunk: Buffer) => {
      text += chunk
      if (text.includes('Ctrl-C ends it')) resolve()
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.on('close', () => resolve())
  })
  await printed
  return { child, printed: () => text }
}

const demo = await startDemo({ dns, api })
t.teardown(() => {
  if (!hasEnded(demo.child)) process.kill(-(demo.child.pid as number), 'SIGKILL')
})

t.test('what it prints to try is answered', async (t) => {
  const commands = demo.printed().match(/^ {2}dig [^#\n]*/gm) ?? []
  t.ok(commands.length >= 5, demo.printed())
  for (const command of commands) {
    const { code, output } = await sh(command)
    // dig says with semicolons in front what it had to ask twice.
    t.ok(code === 0 && /^[^;\n]/m.test(output), `${command.trim()}: ${output}`)
  }
})

t.test(
  'the live page that it prints is there, and the name with a mistake explained',
  async (t) => {
    const [, page = ''] = /^The live page: (\S+)$/m.exec(demo.printed()) ?? []
    for (const path of ['', 'page/main.js', 'page/page.css']) {
      t.equal((await fetch(page + path)).status, 200, `${page}${path}`)
    }
    const [, command] = /^ {2}(npm run -s explain --[^#\n]*)/m.exec(demo.printed()) ?? []
    const { code, output } = await sh(command ?? 'false')
    t.equal(code, 0)
    t.match(output, 'There is no Namespace shpo. There is shop.')
  },
)

t.test('the shell that it prints resolves short names', async (t) => {
  const [, command] = /^ {2}(npm run shell -- [^#\n]*[^#\n ]) +#/m.exec(demo.printed()) ?? []
  if ('why' in unshareArguments()) return t.comment('skipped: no network namespaces here')
  const { code, output } = await sh(`${command} -- getent hosts db`.replace('run', 'run -s'))
  t.match(output, /^10\.43\.20\.5 +db\.shop\.svc\.cluster\.local$/)
  t.equal(code, 0)
  t.equal((await sh(`${command} -- sh -c "exit 7"`)).code, 7)
})

t.test('a headless Service’s addresses come in different orders', async (t) => {
  const orders = new Set<string>()
  for (let i = 0; i < 40; i++) {
    const { output } = await sh(
      `dig +short @127.0.0.1 -p ${dns} ng-svc-headless.test-es.svc.cluster.local`,
    )
    orders.add(output)
  }
  t.ok(orders.size > 1, [...orders].join(' | '))
})

const skip = skipWithout('busybox', 'host')
t.test('busybox nslookup, host and Node’s resolver understand the answers', { skip }, async (t) => {
  const nslookup = await sh(`busybox nslookup db.default.svc.cluster.local 127.0.0.1:${dns}`)
  for (const address of ['10.42.0.20', '10.42.1.18', '10.42.2.19'])
    t.match(nslookup.output, address)
  const absent = await sh(`busybox nslookup nothing.default.svc.cluster.local 127.0.0.1:${dns}`)
  t.match(absent.output, 'NXDOMAIN')
  const host = await sh(`host -p ${dns} mysql-0.db.default.svc.cluster.local 127.0.0.1`)
  t.match(host.output, 'has address 10.42.0.20')
  const reverse = await sh(`host -p ${dns} 10.43.0.10 127.0.0.1`)
  t.match(reverse.output, 'domain name pointer kube-dns.kube-system.svc.cluster.local')
  const resolver = new Resolver()
  resolver.setServers([`127.0.0.1:${dns}`])
  t.same(await resolver.resolve4('ng-svc.test-es.svc.cluster.local'), ['10.43.12.65'])
  const records = await resolver.resolveSrv('_mysql._tcp.db.default.svc.cluster.local')
  t.same(
    records.map((record) => record.port),
    [3306, 3306, 3306],
  )
  t.same(await resolver.reverse('10.43.0.10'), ['kube-dns.kube-system.svc.cluster.local'])
  await t.rejects(resolver.resolve4('nothing.default.svc.cluster.local'), { code: 'ENOTFOUND' })
  await t.rejects(resolver.resolve6('ng-svc.test-es.svc.cluster.local'), { code: 'ENODATA' })
})

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: added, namespace: default}
spec: {clusterIP: None, selector: {app: none}, ports: [{name: p, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: added-1, namespace: default, labels: {kubernetes.io/service-name: added}}
addressType: IPv4
endpoints: [{addresses: [10.9.9.9], conditions: {ready: true}}]
ports: [{name: p, port: 80, protocol: TCP}]
`

for (const binary of kubectls) {
  t.test(
    `${binary.replace(root, '')}: get, apply, watch and delete, and dig shows the change`,
    async (t) => {
      const kubectl = `${binary} --kubeconfig .muster/kubeconfig`
      const dig = `dig +short @127.0.0.1 -p ${dns} added.default.svc.cluster.local`
      t.match(
        (await sh(`${kubectl} get services -A`)).output,
        /test-es +ng-svc +ClusterIP +10\.43\.12\.65/,
      )
      const watch = spawn('sh', ['-c', `exec ${kubectl} get endpointslices -w -o name`], {
        cwd: root,
      })
      t.teardown(() => watch.kill('SIGKILL'))
      let watched = ''
      watch.stdout.on('data', (text) => {
        watched += text
      })
      t.ok(await until(() => watched !== ''), 'what there is comes first')
      const applied = await sh(`printf '%s' '${SERVICE}' | ${kubectl} apply -f -`)
      t.match(applied.output, /service\/added created/, applied.output)
      t.equal(await comesToSay(dig, '10.9.9.9'), '10.9.9.9')
      const again = await sh(
        `printf '%s' '${SERVICE.replace('10.9.9.9', '10.9.9.8')}' | ${kubectl} apply -f -`,
      )
      t.match(again.output, /endpointslice.discovery.k8s.io\/added-1 configured/, again.output)
      t.equal(await comesToSay(dig, '10.9.9.8'), '10.9.9.8')
      t.match((await sh(`${kubectl} delete service/added endpointslice/added-1`)).output, /deleted/)
      t.equal(await comesToSay(dig, ''), '')
      const told = () => watched.split('\n').filter((line) => line.endsWith('/added-1')).length
      t.ok(await until(() => told() === 3), 'the watch tells of all three')
    },
  )
}
if (kubectls.length === 0) t.comment('skipped: no kubectl here')

/** Whether it came to that before patience ended. */
async function until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const ends = performance.now() + PATIENCE_MS; performance.now() < ends; await sleep(50)) {
    if (await holds()) return true
  }
  return false
}

/** What a command says once it says this, or what it still says when patience ends. */
async function comesToSay(command: string, expected: string): Promise<string> {
  let output = ''
  await until(async () => {
    output = (await sh(command)).output
    return output === expected
  })
  return output
}

t.test('a port in use is one clear line and exit code 1', async (t) => {
  const free = await freePort()
  for (const [first, second] of [
    [dns, free],
    [free, api],
  ]) {
    const { code, output } = await sh(
      `node_modules/.bin/muster demo -dns.port ${first} -api.port ${second} ${(await pagePorts()).join(' ')}`,
    )
    t.equal(code, 1)
    t.match(
      output,
      /address already in use; (stop the program|to take others: npm start -- -dns\.port)/,
    )
    t.equal(output.split('\n').length, 1, output)
  }
})

t.test('Ctrl-C ends it cleanly', async (t) => {
  const closed = new Promise<number | null>((resolve) => demo.child.on('close', resolve))
  process.kill(-(demo.child.pid as number), 'SIGINT')
  await closed
  t.match(demo.printed(), '[INFO] SIGINT: Shutting down')
  t.notMatch(demo.printed(), /Error|uncaught/)
  t.notOk((await sh(`dig +time=1 +tries=1 @127.0.0.1 -p ${dns} x`)).code === 0)
})
