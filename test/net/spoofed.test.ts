import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { loadSyscalls } from '../../src/net/syscalls.ts'

const script = fileURLToPath(new URL('./spoofed-packets.ts', import.meta.url))
/** Packets with made-up sources may leave no namespace. */
const inNamespace = (command: string) =>
  spawnSync('unshare', ['--net', 'sh', '-c', `ip link set lo up && ${command}`], {
    encoding: 'utf8',
    timeout: 120_000,
  })
const skip =
  typeof loadSyscalls() === 'string'
    ? 'no data threads here'
    : inNamespace('true').status !== 0 && 'no network namespaces here, or no root'

t.test(
  'datagrams from port 0 and from clients to whom no way leads cost none of the others',
  { skip },
  async (t) => {
    const { stdout, stderr } = inNamespace(`exec '${process.execPath}' --no-warnings '${script}'`)
    const line = /^\{.*\}$/m.exec(stdout)?.[0]
    if (line === undefined) return t.fail(stderr)
    const found = JSON.parse(line)
    t.equal(found.answered, found.sent, 'whoever can be answered is')
    t.equal(found.received, 3 * (found.sent - 1) + 1)
    t.equal(found.noPort, found.sent - 1)
    t.equal(found.unsent, found.sent - 1)
    t.equal(found.replaced, 0)
  },
)
