import { Resolver } from 'node:dns/promises'
import { runInNamespace, unshareArguments } from '../shell/namespace.ts'
import { asksForHelp } from './flags.ts'

export const SHELL_USAGE = `Usage: muster shell [--namespace NAME] [--dns.port PORT] [--] [COMMAND ...]

Opens a shell that resolves names as a Pod of the namespace does: in a network of its own, where /etc/resolv.conf names the
Muster that runs on 127.0.0.1 (npm start) with the namespace's search list. With a COMMAND it runs that and ends with its exit code.

  --namespace, -n NAME    (default "default")
  --dns.port PORT         where Muster listens (default 1053)
`

/** The cluster DNS Service's address as kubeadm gives it, for a cluster that has no such Service. */
const USUAL_ADDRESS = '10.96.0.10'
const ZONE = 'cluster.local'
const SERVER = '127.0.0.1'
/** Of the first try; each other takes twice as long as the one before. */
const PATIENCE_MS = 2_000
const TRIES = 3

interface Asked {
  namespace: string
  port: number
  command: readonly string[]
}

/** What the process has and the shell needs. */
export interface ShellContext {
  /** The user's shell: $SHELL. */
  readonly shell: string | undefined
  /** Writes to the standard error. */
  readonly say: (text: string) => void
  /** Ends the shell when aborted. */
  readonly stopped: AbortSignal
}

/** Runs a shell, or one command, that resolves names as a Pod does. Returns the exit code: its own, 1 where it cannot be, 2 for a command line that is none. */
export async function shell(words: readonly string[], context: ShellContext): Promise<number> {
  const asked = parse(words)
  if (asked === undefined) {
    context.say(SHELL_USAGE)
    return asksForHelp(words) ? 0 : 2
  }
  const { namespace, port } = asked
  const found = await look(namespace, port)
  if ('why' in found) return refuse(context, found.why)
  const unshare = unshareArguments()
  if ('why' in unshare) {
    return refuse(
      context,
      `this machine does not allow a network of its own (${unshare.why}); ask with dig @${SERVER} -p ${port} instead.`,
    )
  }
  const interactive = asked.command.length === 0
  if (interactive) {
    context.say(
      `A shell in namespace ${namespace}: Muster at ${SERVER}:${port} answers for ${found.nameserver}. "exit" leaves it.\n`,
    )
  }
  return runInNamespace(unshare.how, {
    command: interactive ? [context.shell || '/bin/sh'] : asked.command,
    resolvConf: resolvConf(namespace, found.nameserver),
    nameserver: found.nameserver,
    upstream: { address: SERVER, port },
    stopped: context.stopped,
  })
}

/** A Pod's /etc/resolv.conf under dnsPolicy ClusterFirst. */
export function resolvConf(namespace: string, nameserver: string): string {
  return `search ${namespace}.svc.${ZONE} svc.${ZONE} ${ZONE}
nameserver ${nameserver}
options ndots:5
`
}

function refuse({ say }: ShellContext, why: string): 1 {
  say(`muster shell: ${why}\n`)
  return 1
}

/** Whether Muster runs and has the namespace, and the address of its cluster's DNS Service. */
async function look(
  namespace: string,
  port: number,
): Promise<{ nameserver: string } | { why: string }> {
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: TRIES })
  resolver.setServers([`${SERVER}:${port}`])
  const ask = (name: string) =>
    resolver.resolve4(`${name}.svc.${ZONE}`).then(
      ([address]) => ({ address, code: '' }),
      (error: NodeJS.ErrnoException) => ({ address: undefined, code: error.code ?? '' }),
    )
  const { code } = await ask(namespace)
  if (code === 'ECONNREFUSED' || code === 'ETIMEOUT') {
    return {
      why: `nobody answers at ${SERVER}:${port}: run npm start first, or say with --dns.port where Muster listens.`,
    }
  }
  if (code === 'ENOTFOUND') return { why: `there is no Namespace ${namespace}.` }
  const { address } = await ask('kube-dns.kube-system')
  return { nameserver: address ?? USUAL_ADDRESS }
}

function parse(words: readonly string[]): Asked | undefined {
  const asked: Asked = { namespace: 'default', port: 1053, command: [] }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') return { ...asked, command: words.slice(at + 1) }
    if (!word.startsWith('-')) return { ...asked, command: words.slice(at) }
    const [, flag, given] = /^--?(n|namespace|dns\.port|p)(?:=([\s\S]*))?$/.exec(word) ?? []
    const value = given ?? words[++at]
    if (flag === undefined || value === undefined) return undefined
    if (flag === 'n' || flag === 'namespace') {
      // RFC 1123 label: it goes into a file and into names.
      if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) return undefined
      asked.namespace = value
    } else {
      if (!/^\d{1,5}$/.test(value)) return undefined
      asked.port = Number(value)
    }
  }
  return asked
}
