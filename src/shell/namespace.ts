import { spawn, spawnSync } from 'node:child_process'
import type { Socket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { relayDatagrams, relayStreams, type Upstream } from './relay.ts'

/** What a command in a network of its own is run with. */
export interface Namespace {
  readonly command: readonly string[]
  /** The text of its /etc/resolv.conf. */
  readonly resolvConf: string
  /** The name server's address there, which is given to its loopback. */
  readonly nameserver: string
  /** Who answers in its place. */
  readonly upstream: Upstream
  /** Ends the command when aborted. */
  readonly stopped: AbortSignal
}

/** What unshare is told, as root and as anybody else. */
const PRIVILEGED = ['--net', '--mount']
const ANYBODY = ['--user', '--map-root-user', ...PRIVILEGED]

/**
 * How unshare makes a network and a mount namespace here.
 *
 * @returns its arguments, or why it cannot
 */
export function unshareArguments(): { how: readonly string[] } | { why: string } {
  let why = ''
  for (const how of [PRIVILEGED, ANYBODY]) {
    const { status, stderr, error } = spawnSync('unshare', [...how, 'true'], { encoding: 'utf8' })
    if (status === 0) return { how }
    why =
      error === undefined
        ? (stderr.split('\n')[0] ?? '')
        : 'there is no program unshare (util-linux)'
  }
  return { why }
}

/**
 * Runs a command whose network has a loopback and nothing else, with a name server on port 53 that the upstream speaks for.
 *
 * @param how from `unshareArguments`
 * @returns the command's exit code; 128 and the signal's number where one ended it
 */
export async function runInNamespace(
  how: readonly string[],
  namespace: Namespace,
): Promise<number> {
  const { command, nameserver, upstream, stopped } = namespace
  const folder = mkdtempSync(join(tmpdir(), 'muster-shell-'))
  writeFileSync(join(folder, 'resolv.conf'), namespace.resolvConf)
  writeFileSync(join(folder, 'nsswitch.conf'), nsswitch())
  const own = import.meta.url.endsWith('.ts') ? './sockets.ts' : './sockets.js'
  const sockets = fileURLToPath(new URL(own, import.meta.url))
  const script = ['sh', '-c', SCRIPT, 'muster shell', folder, nameserver, process.execPath, sockets]
  const child = spawn('unshare', [...how, ...script, ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  const open: (Socket | Server)[] = []
  child.on('message', (what, socket) => {
    open.push(socket as Socket | Server)
    if (what === 'datagrams') relayDatagrams(socket as Socket, upstream)
    if (what === 'streams') {
      relayStreams(socket as Server, upstream)
      child.send('listening')
    }
  })
  stopped.addEventListener('abort', () => child.kill('SIGHUP'))
  const code = await new Promise<number>((resolve) => {
    child.on('close', (status, signal) => {
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
    child.on('error', () => resolve(1))
  })
  for (const socket of open) socket.close()
  rmSync(folder, { recursive: true, force: true })
  return code
}

/**
 * Run by sh in the new namespaces: $1 the folder of files, $2 the name server's address, $3 and $4 Node and what opens the sockets, the rest the command.
 * The address is the loopback's second: getaddrinfo's AI_ADDRCONFIG takes 127.0.0.1 for no address at all. A daemon of the machine that caches names answers
 * through a socket of its own, past every resolv.conf, so it is hidden.
 */
const SCRIPT = `
fail() { echo "muster shell: $1" >&2; exit 1; }
if command -v ip >/dev/null; then ip link set lo up && ip address add "$2/32" dev lo
elif command -v ifconfig >/dev/null; then ifconfig lo up && ifconfig lo:0 "$2" netmask 255.255.255.255 up
elif command -v busybox >/dev/null; then busybox ip link set lo up && busybox ip address add "$2/32" dev lo
else fail 'nothing here sets up a loopback: install iproute2'
fi || fail 'the loopback cannot be set up'
mount --bind "$1/resolv.conf" /etc/resolv.conf || fail '/etc/resolv.conf cannot be replaced'
[ ! -e /etc/nsswitch.conf ] || mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf || fail '/etc/nsswitch.conf cannot be replaced'
[ ! -d /run/nscd ] || mount -t tmpfs none /run/nscd || fail '/run/nscd cannot be hidden'
"$3" --no-warnings "$4" "$2" || fail 'port 53 cannot be opened'
shift 4
unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE LOCALDOMAIN RES_OPTIONS
exec 3>&-
exec "$@"
`

/** The machine's, with hosts from files and DNS alone, as in containers. */
function nsswitch(): string {
  let text = ''
  try {
    text = readFileSync('/etc/nsswitch.conf', 'utf8')
  } catch {
    // Without the file glibc does the same.
  }
  const others = text.split('\n').filter((line) => line !== '' && !/^\s*hosts:/.test(line))
  return `${[...others, 'hosts: files dns'].join('\n')}\n`
}
