import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { loadSyscalls } from '../../src/net/syscalls.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
/** Packets with made-up sources may leave no namespace. */
const inNamespace = (command: string) =>
  spawnSync('unshare', ['--net', 'sh', '-c', `ip link set lo up && ${command}`], {
    encoding: 'utf8',
    timeout: 300_000,
  })
const skip =
  typeof loadSyscalls() === 'string'
    ? 'no data threads here'
    : inNamespace('true').status !== 0 && 'no network namespaces here, or no root'

/** Whoever is looked for at one end is not at the other; three times for so many milliseconds, that a slow machine has time to fill what the kernel keeps. */
const RETRANS_MS = 3000
const EMPTY_LINK = `${[
  'ip link add near type veth peer name far',
  'ip addr add 10.99.0.1/24 dev near',
  'ip link set near up',
  'ip link set far up',
  `ip ntable change name arp_cache dev near retrans ${RETRANS_MS}`,
].join(' && ')} && `
const skipLink = skip || (inNamespace(`${EMPTY_LINK}true`).status !== 0 && 'no virtual links here')

/** What the script printed; its errors where it printed nothing. */
const found = (name: string, before = '') => {
  const command = `exec '${process.execPath}' --no-warnings '${folder}'${name}`
  const { stdout, stderr } = inNamespace(`${before}${command}`)
  const line = /^\{.*\}$/m.exec(stdout)?.[0]
  return line === undefined ? { failed: stderr } : JSON.parse(line)
}

t.test(
  'datagrams from port 0 and from clients to whom no way leads cost none of the others',
  { skip },
  async (t) => {
    const { sent, ...came } = found('spoofed-packets.ts')
    const [answered, received] = [sent, 3 * (sent - 1) + 1]
    const others = { noPort: sent - 1, unsent: sent - 1, replaced: 0 }
    t.strictSame(came, { answered, received, ...others }, 'whoever can be answered is')
  },
)

for (const machine of ['threads', 'plain']) {
  t.test(
    `${machine}: answers to neighbours that are gone, which the kernel keeps while it looks for them, hold up nobody`,
    { skip: skipLink },
    async (t) => {
      const { sent, ...came } = found(`gone-neighbours.ts ${machine}`, EMPTY_LINK)
      t.strictSame(
        came,
        { received: sent, refused: true, answered: true },
        'all are taken, answers without room go, and whoever is there is answered',
      )
    },
  )
}
