import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/index.ts'
import { OBJECTS } from '../distributions/cluster.ts'
import { freePort } from '../ports.ts'
import { run } from './peers/ask.ts'
import { startMuster } from './peers/muster.ts'
import { skipWithout } from './peers/scene.ts'
import { PROBES, type Probe, type Seen, seen } from './probes.ts'

t.setTimeout(400_000)
const ZONES = ['cluster.local', 'file.test']
const ZONE_FILE = '@ 60 SOA ns h 7 1 1 100 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n'
const coredns = join(homedir(), '.cache/muster/coredns')
const skip = skipWithout('dig')

const folder = mkdtempSync(join(tmpdir(), 'muster-probes-'))
const cluster = await startApiServer()
t.teardown(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true })
})
cluster.apply([...OBJECTS])
writeFileSync(join(folder, 'db'), ZONE_FILE)

const corefile = (port: number) => `.:${port} {
    bind 127.0.0.1
    file ${folder}/db file.test
    kubernetes cluster.local {
        endpoint ${cluster.url}
        startup_timeout 1m
    }
}
`

async function probe(port: number, zone: string, { options, type }: Probe) {
  const words = [`@127.0.0.1`, '-p', String(port), '+tries=1', '+time=20', ...options.split(' ')]
  const asked = options.includes('header-only') ? [zone] : [type ?? 'SOA', zone]
  return seen(await run('dig', [...words, ...asked]))
}

const found = new Map<string, Seen | undefined>()

t.test('dig’s probes of RFC 8906 §8 get the responses that it expects', { skip }, async (t) => {
  const port = await freePort()
  const server = await startMuster(corefile(port))
  t.teardown(() => server.stop())
  for (const zone of ZONES) {
    for (const one of PROBES) {
      const saw = await probe(port, zone, one)
      found.set(`${zone} ${one.section}`, saw)
      t.match(saw, one.expected, `${zone}, ${one.section}`)
    }
  }
})

t.test(
  'CoreDNS gives the same',
  { skip: skip || (!existsSync(coredns) && 'no CoreDNS here') },
  async (t) => {
    const port = await freePort()
    const path = join(folder, 'Corefile')
    writeFileSync(path, corefile(port))
    const child: ChildProcess = spawn(coredns, ['-conf', path], { stdio: 'ignore' })
    t.teardown(() => child.kill('SIGKILL'))
    const [first] = PROBES as readonly [Probe, ...Probe[]]
    for (let tries = 0; tries < 300; tries++) {
      if ((await probe(port, ZONES[0] as string, first))?.status === 'NOERROR') break
      await sleep(100)
    }
    for (const zone of ZONES) {
      for (const one of PROBES) {
        const ours = found.get(`${zone} ${one.section}`)
        t.strictSame(ours, await probe(port, zone, one), `${zone}, ${one.section}`)
      }
    }
  },
)
