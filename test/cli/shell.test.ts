import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { resolvConf, SHELL_USAGE, shell } from '../../src/cli/shell.ts'
import { freePort } from '../ports.ts'

/** Runs a command line; what it said and its exit code. */
async function run(...words: string[]): Promise<{ code: number; said: string }> {
  let said = ''
  const code = await shell(words, {
    shell: '/bin/sh',
    say: (text) => {
      said += text
    },
    stopped: new AbortController().signal,
  })
  return { code, said }
}

t.test('resolv.conf is a Pod’s under dnsPolicy ClusterFirst', async (t) => {
  t.equal(
    resolvConf('shop', '10.43.0.10'),
    'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.43.0.10\noptions ndots:5\n',
  )
})

t.test('a command line that is none gets the usage, and code 2', async (t) => {
  const wrong = [
    ['--namespace'],
    ['--namespace', 'Shop'],
    ['--namespace', 'a.b'],
    ['--dns.port', 'x'],
    ['-x'],
  ]
  for (const words of wrong) t.same(await run(...words), { code: 2, said: SHELL_USAGE })
})

t.test('without a server there is a sentence, and code 1', async (t) => {
  const port = await freePort()
  for (const flag of [`--dns.port=${port}`, `-dns.port=${port}`]) {
    t.same(await run('-n', 'shop', flag, '--', 'true'), {
      code: 1,
      said: `muster shell: nobody answers at 127.0.0.1:${port}: run npm start first, or say with --dns.port where Muster listens.\n`,
    })
  }
})

t.test('a server that is too busy for the first question is asked again', async (t) => {
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  let asked = 0
  server.on('message', (query, from) => {
    if (asked++ === 0) return
    // RFC 1035 §4.1.1: QR, RD, NXDOMAIN.
    query.writeUInt16BE(0x8103, 2)
    server.send(query, from.port, from.address)
  })
  const { said } = await run('-n', 'shop', `--dns.port=${server.address().port}`, '--', 'true')
  t.equal(said, 'muster shell: there is no Namespace shop.\n')
})
