import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as connectPlainly } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { hasEnded } from '../ended.ts'
import { freePort } from '../ports.ts'
import { binary } from './kapi.ts'
import { ask, recordsOf, run } from './peers/ask.ts'
import { compare, muster, skipWithout } from './peers/scene.ts'
import { QUESTIONS, RECORDS, ZONE, ZONE_FILE } from './peers/zone.ts'

t.setTimeout(900_000)
/** For programs to start, and for a certificate: a try that fails is repeated after a minute. */
const PATIENCE_MS = 150_000

const WWW = [...RECORDS].filter((record) => /^(www|web)\./.test(record)).sort()

/** An authority, a server's certificate for localhost and a client's from it, and a client's from nobody in particular. */
function makeCertificates(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const selfSigned = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '9',
      '-subj',
      `/CN=${name}`,
    )
  selfSigned('ca')
  selfSigned('stranger')
  for (const [name, use] of [
    ['server', 'serverAuth'],
    ['client', 'clientAuth'],
  ] as const) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    writeFileSync(
      join(folder, 'ext'),
      `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${use}\n`,
    )
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '9',
      '-extfile',
      'ext',
      '-out',
      `${name}.pem`,
    )
  }
}

const certificates = t.testdir({})
if (binary('openssl') !== undefined) makeCertificates(certificates)
const at = (file: string): string => join(certificates, file)
const SERVER = `tls ${at('server.pem')} ${at('server.key')} ${at('ca.pem')}`

/** What each mode of client_auth does with a client without a certificate, with a stranger's, and with one of the authority. */
const MODES: readonly [string, readonly [boolean, boolean, boolean]][] = [
  ['nocert', [true, true, true]],
  ['request', [true, true, true]],
  ['require', [false, true, true]],
  ['verify_if_given', [true, false, true]],
  ['require_and_verify', [false, false, true]],
]
for (const [mode, expected] of MODES) {
  t.test(
    `client_auth ${mode} lets in whom it should, by kdig`,
    { skip: skipWithout('kdig', 'openssl') },
    async (t) => {
      for (const [scheme, flag] of [
        ['tls', '+tls'],
        ['https', '+https'],
      ] as const) {
        const port = await freePort()
        await muster(
          t,
          `${scheme}://${ZONE}:${port} {\n bind 127.0.0.1\n ${SERVER} {\n  client_auth ${mode}\n }\n file FOLDER/zone\n}`,
          { zone: ZONE_FILE },
        )
        const answered = async (client?: string) => {
          const shown =
            client === undefined
              ? []
              : [`+tls-certfile=${at(`${client}.pem`)}`, `+tls-keyfile=${at(`${client}.key`)}`]
          const server = ['@127.0.0.1', '-p', String(port), flag]
          const trust = [`+tls-ca=${at('ca.pem')}`, '+tls-hostname=localhost', ...shown]
          const print = ['+noall', '+answer', '+retry=0', '+timeout=20']
          const asked = ['www.example.test.', 'A']
          const output = await run('kdig', [...server, ...trust, ...print, ...asked])
          return recordsOf(output).join() === WWW.join()
        }
        const [without, strange, known] = expected
        t.equal(await answered(), without, `${scheme}, no certificate`)
        t.equal(await answered('client'), known, `${scheme}, one of the authority`)
        t.equal(await letsIn(port, scheme, 'stranger'), strange, `${scheme}, a stranger's`)
      }
    },
  )
}

/** Whether a query with this certificate is answered; kdig would keep to itself one that is of none of the authorities that the server names. */
function letsIn(port: number, scheme: 'tls' | 'https', client: string): Promise<boolean> {
  const question = Buffer.from(
    '00010100000100000000000003777777076578616d706c6504746573740000010001',
    'hex',
  )
  const sent =
    scheme === 'tls'
      ? Buffer.concat([Buffer.from([0, question.length]), question])
      : `GET /dns-query?dns=${question.toString('base64url')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  return new Promise((resolve) => {
    const cert = readFileSync(at(`${client}.pem`))
    const key = readFileSync(at(`${client}.key`))
    const ca = readFileSync(at('ca.pem'))
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', cert, key, ca })
    socket.once('secureConnect', () => socket.write(sent))
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })
}

/** Waits until somebody listens on a port. */
async function listens(port: number): Promise<void> {
  for (const ends = Date.now() + PATIENCE_MS; Date.now() < ends; await sleep(100)) {
    const socket = connectPlainly(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return
  }
  throw new Error(`nobody listens on port ${port}`)
}

/** CoreDNS with a Corefile in a folder, until the test ends. */
async function coredns(t: Test, port: number, corefile: string): Promise<void> {
  const folder = t.testdir({ Corefile: corefile, zone: ZONE_FILE })
  const child = spawn(binary('coredns') as string, ['-conf', 'Corefile'], {
    cwd: folder,
    stdio: 'ignore',
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (!hasEnded(child)) await once(child, 'exit')
  })
  for (const ends = Date.now() + PATIENCE_MS; Date.now() < ends; await sleep(100)) {
    if ((await ask(port, `${ZONE} SOA`, 1000))?.rcode === 'NOERROR') return
  }
  throw new Error('coredns does not answer')
}

for (const encrypted of [false, true]) {
  t.test(
    `CoreDNS asks Muster by gRPC ${encrypted ? 'with TLS' : 'in the clear'}`,
    { skip: skipWithout('coredns', 'openssl') },
    async (t) => {
      const [grpc, plain, front] = [await freePort(), await freePort(), await freePort()]
      const tls = encrypted ? SERVER : ''
      await muster(
        t,
        `grpc://${ZONE}:${grpc} {\n bind 127.0.0.1\n ${tls}\n file FOLDER/zone\n}\n${ZONE}:${plain} {\n bind 127.0.0.1\n file FOLDER/zone\n}`,
        { zone: ZONE_FILE },
      )
      const client = encrypted ? ` {\n  tls ${at('ca.pem')}\n  tls_servername localhost\n }` : ''
      await coredns(
        t,
        front,
        `.:${front} {\n bind 127.0.0.1\n grpc . 127.0.0.1:${grpc}${client}\n}\n`,
      )
      t.strictSame(await compare(front, plain, QUESTIONS), [])
    },
  )
}

for (const [scheme, title] of [
  ['tls', 'TLS'],
  ['https', 'HTTPS'],
] as const) {
  t.test(
    `Muster forwards to CoreDNS by ${title}`,
    { skip: skipWithout('coredns', 'openssl') },
    async (t) => {
      const [secure, plain, front] = [await freePort(), await freePort(), await freePort()]
      await coredns(
        t,
        plain,
        `${scheme}://${ZONE}:${secure} {\n bind 127.0.0.1\n ${SERVER}\n file zone ${ZONE}\n}\n${ZONE}:${plain} {\n bind 127.0.0.1\n file zone ${ZONE}\n}\n`,
      )
      const upstream =
        scheme === 'https' ? `https://127.0.0.1:${secure}` : `tls://127.0.0.1:${secure}`
      await muster(
        t,
        `.:${front} {\n bind 127.0.0.1\n forward . ${upstream} {\n  tls ${at('ca.pem')}\n  tls_servername localhost\n }\n}`,
      )
      t.strictSame(await compare(front, plain, QUESTIONS), [])
    },
  )
}

t.test(
  'a certificate is obtained from an ACME server, and shown',
  { skip: skipWithout('pebble', 'openssl') },
  async (t) => {
    const [api, management, dns, dot] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const folder = t.testdir({
      'config.json': JSON.stringify({
        pebble: {
          listenAddress: `127.0.0.1:${api}`,
          managementListenAddress: `127.0.0.1:${management}`,
          certificate: at('server.pem'),
          privateKey: at('server.key'),
          httpPort: 5002,
          tlsPort: 5001,
          retryAfter: { authz: 1, order: 1 },
          profiles: { default: { description: 'one', validityPeriod: 7_776_000 } },
        },
      }),
    })
    const pebble = spawn(
      binary('pebble') as string,
      ['-config', 'config.json', '-dnsserver', `127.0.0.1:${dns}`],
      {
        cwd: folder,
        stdio: 'ignore',
        env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' },
      },
    )
    t.teardown(async () => {
      pebble.kill('SIGKILL')
      if (!hasEnded(pebble)) await once(pebble, 'exit')
    })
    await listens(api)
    const server = await muster(
      t,
      `acme.test:${dns} {
      bind 127.0.0.1
      whoami
    }
    tls://acme.test:${dot} {
      bind 127.0.0.1
      tls {
        acme dns.acme.test
        ca https://localhost:${api}/dir
        ca_root ${at('ca.pem')}
        storage FOLDER/store
      }
      whoami
    }`,
    )
    const said = (text: string) => server.log.some((line) => line.includes(text))
    const obtained = () => said('certificate for dns.acme.test obtained')
    for (const ends = Date.now() + PATIENCE_MS; !obtained() && Date.now() < ends; ) await sleep(200)
    t.ok(obtained(), server.log.join(''))
    const socket = connect({
      host: '127.0.0.1',
      port: dot,
      servername: 'dns.acme.test',
      rejectUnauthorized: false,
    })
    await once(socket, 'secureConnect')
    t.match(socket.getPeerCertificate().subjectaltname, 'DNS:dns.acme.test')
    socket.destroy()
  },
)
