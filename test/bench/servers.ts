import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binary } from '../clients/kapi.ts'
import { freePort } from '../ports.ts'
import { hostsFile, zoneFile } from './cluster.ts'

/** A server to measure: how it is started on a port; undefined where it is not installed. */
export interface Row {
  readonly name: string
  /** The one kind of work that it is measured with; undefined for all but those that only rows of their own are measured with. */
  readonly only?: string
  /** Where its standard output goes; undefined for nowhere. */
  readonly output?: string
  command(port: number): readonly string[] | undefined
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** All rows, their files in a folder. @param kubeconfig the API server of those that know Kubernetes; undefined where there is none */
export function rows(folder: string, kubeconfig: string | undefined): Row[] {
  const kubernetes = (name: string, directives: string, ...flags: string[]): Row => ({
    name,
    command: (port) => muster(folder, port, kubeconfig, directives, flags),
  })
  const coredns = (name: string, directives: string): Row => ({
    name,
    command: (port) => {
      const file = binary('coredns')
      if (file === undefined || kubeconfig === undefined) return undefined
      return [file, '-conf', corefile(folder, port, kubeconfig, directives)]
    },
  })
  const pure = (name: string, directives: (port: number) => string, known = false): Row => ({
    name: `muster, ${name}`,
    only: 'hot ClusterIP',
    command: (port) => {
      const text = directives(port)
      if (known) return muster(folder, port, kubeconfig, text, ['-threads', '1'])
      const path = join(folder, `Corefile.${port}`)
      writeFileSync(path, `.:${port} {\nbind 127.0.0.1\nerrors\nloadbalance\n${text}}\n`)
      return [process.execPath, here('../../dist/main.js'), '-threads', '1', '-conf', path]
    },
  })
  const logged = (row: Row): Row => ({ ...row, only: LOG, output: join(folder, 'log') })
  const written = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  return [
    { name: 'floor (C)', command: (port) => floorInC(folder, port) },
    {
      name: 'floor (TypeScript)',
      command: (port) => [process.execPath, here('floor.ts'), String(port)],
    },
    kubernetes('muster', KUBEADM, '-threads', '1'),
    kubernetes('muster, no table', KUBEADM, '-threads', '1', '-table-mib', '0'),
    { ...kubernetes('muster, two threads', KUBEADM, '-threads', '2'), only: 'mix' },
    logged(kubernetes('muster, log', LOGGING, '-threads', '1')),
    pure('file', () => `file ${written('db.cluster', zoneFile())} cluster.local\n`),
    pure('hosts', () => `hosts ${written('hosts', hostsFile())}\n`),
    pure('template', () => TEMPLATE),
    pure('rewrite', () => `${KUBEADM}${REWRITE}`, true),
    pure('page', () => `${KUBEADM}page localhost:0\n`, true),
    { name: 'knotd', command: (port) => knotd(folder, port) },
    { name: 'nsd', command: (port) => nsd(folder, port) },
    coredns('coredns', KUBEADM),
    coredns('coredns, cached', 'cache 30\n'),
    logged(coredns('coredns, log', LOGGING)),
  ]
}

/** What kubeadm writes, less what asks the world outside. */
const KUBEADM = `errors
cache 30 {
  disable success cluster.local
  disable denial cluster.local
}
loadbalance
`

/** The work that servers are measured with that log each query, their lines to a file. */
export const LOG = 'log'
const LOGGING = `log\n${KUBEADM}`

/** Answers every Service's name, by its shape alone. */
const TEMPLATE = `template IN A cluster.local {
  match "^svc[0-9]+\\.ns[0-9]+\\.svc\\.cluster\\.local\\.$"
  answer "{{ .Name }} 30 IN A 10.0.0.1"
}
`

/** Meets every name, and leaves it as it is. */
const REWRITE = 'rewrite name suffix .svc.cluster.local .svc.cluster.local answer auto\n'

function corefile(folder: string, port: number, kubeconfig: string, directives: string): string {
  const path = join(folder, `Corefile.${port}`)
  const plugin = `kubernetes cluster.local in-addr.arpa ip6.arpa {\n kubeconfig ${kubeconfig}\n pods insecure\n fallthrough in-addr.arpa ip6.arpa\n ttl 30\n}\n`
  writeFileSync(path, `.:${port} {\nbind 127.0.0.1\n${plugin}${directives}}\n`)
  return path
}

function muster(
  folder: string,
  port: number,
  kubeconfig: string | undefined,
  directives: string,
  flags: readonly string[],
): readonly string[] | undefined {
  if (kubeconfig === undefined) return undefined
  const conf = corefile(folder, port, kubeconfig, directives)
  return [process.execPath, here('../../dist/main.js'), ...flags, '-conf', conf]
}

function floorInC(folder: string, port: number): readonly string[] | undefined {
  const gcc = binary('gcc')
  if (gcc === undefined) return undefined
  const out = join(folder, 'floor')
  execFileSync(gcc, ['-O2', '-o', out, here('floor.c')])
  return [out, String(port)]
}

function knotd(folder: string, port: number): readonly string[] | undefined {
  const file = binary('knotd') ?? (binary('/usr/sbin/knotd') && '/usr/sbin/knotd')
  if (file === undefined) return undefined
  const run = join(folder, `knot.${port}`)
  mkdirSync(run, { recursive: true })
  writeFileSync(join(run, 'cluster.local.zone'), zoneFile())
  const zone = `zone:\n  - domain: cluster.local\n    storage: ${run}\n    file: cluster.local.zone\n`
  const server = `server:\n  listen: 127.0.0.1@${port}\n  udp-workers: 1\n  tcp-workers: 1\n  rundir: ${run}\n`
  const database = `database:\n  storage: ${run}\n`
  writeFileSync(join(run, 'knot.conf'), `${server}${database}${zone}`)
  return [file, '-c', join(run, 'knot.conf')]
}

function nsd(folder: string, port: number): readonly string[] | undefined {
  const file = binary('nsd') ?? (binary('/usr/sbin/nsd') && '/usr/sbin/nsd')
  if (file === undefined) return undefined
  const run = join(folder, `nsd.${port}`)
  mkdirSync(run, { recursive: true })
  writeFileSync(join(run, 'cluster.local.zone'), zoneFile())
  const server = `server:\n  ip-address: 127.0.0.1@${port}\n  server-count: 1\n  rrl-ratelimit: 0\n  username: ""\n  zonesdir: ${run}\n  pidfile: ${run}/pid\n  zonelistfile: ${run}/list\n  xfrdfile: ${run}/xfrd\n  xfrdir: ${run}\n  database: ""\n`
  const zone = `remote-control:\n  control-enable: no\nzone:\n  name: cluster.local\n  zonefile: cluster.local.zone\n`
  writeFileSync(join(run, 'nsd.conf'), `${server}${zone}`)
  return [file, '-d', '-c', join(run, 'nsd.conf')]
}

/** Starts a server on the first core; undefined where it is not installed. */
export async function start(
  row: Row,
): Promise<{ readonly child: ChildProcess; readonly port: number } | undefined> {
  const port = await freePort()
  const command = row.command(port)
  if (command === undefined) return undefined
  const output = row.output === undefined ? 'ignore' : openSync(row.output, 'w')
  const child = spawn('taskset', ['-c', '0', ...command], { stdio: ['ignore', output, 'ignore'] })
  if (output !== 'ignore') closeSync(output)
  return { child, port }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(timer)
}
