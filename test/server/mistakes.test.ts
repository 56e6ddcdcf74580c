import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'

/** What CoreDNS 1.14.7 says to the same directive, but for the plugin's name in front of what it says about addresses, which is put there by Muster. */
const REFUSED: readonly (readonly [string, string])[] = [
  [
    'kubernetes cluster.local {\n endpoint https://127.0.0.1:6443\n tls /no/a.crt /no/a.key /no/ca.crt\n}',
    'plugin/kubernetes: invalid configuration: [unable to read client-cert /no/a.crt for  due to open /no/a.crt: no such file or directory, unable to read client-key /no/a.key for  due to open /no/a.key: no such file or directory, unable to read certificate-authority /no/ca.crt for  due to open /no/ca.crt: no such file or directory]',
  ],
  [
    'kubernetes cluster.local {\n endpoint https://127.0.0.1:6443\n tls some.pem some.pem /no/ca.crt\n}',
    'plugin/kubernetes: invalid configuration: unable to read certificate-authority /no/ca.crt for  due to open /no/ca.crt: no such file or directory',
  ],
  [
    'kubernetes cluster.local {\n endpoint "http://a b"\n}',
    'plugin/kubernetes: failed to create kubernetes notification controller: "host must be a URL or a host:port pair: \\"http://a b\\""',
  ],
  ['health :99999', 'plugin/health: listen tcp: address 99999: invalid port'],
  ['health localhost:x', 'plugin/health: listen tcp: lookup tcp/x: unknown port'],
  ['prometheus localhost:99999', 'plugin/prometheus: listen tcp: address 99999: invalid port'],
  ['ready :99999', 'plugin/ready: listen tcp: address 99999: invalid port'],
  [
    'prometheus {\n tls /no/web.yml\n}',
    'plugin/prometheus: TLS config file does not exist: /no/web.yml',
  ],
  [
    'on nope echo',
    "plugin/on: Corefile:3 - Error during parsing: Wrong event name or event not supported: 'nope'",
  ],
  ['nsid {\n x\n}', "plugin/nsid: Corefile:4 - Error during parsing: unknown property 'x'"],
  [
    'tls key.pem some.pem',
    'plugin/tls: could not load TLS cert: tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
  ],
  [
    'tsig {\n secret a !!\n}',
    'plugin/tsig: Corefile:4 - Error during parsing: secret of key "a" is not base64',
  ],
]

const folder = mkdtempSync(join(tmpdir(), 'muster-mistakes-'))
t.teardown(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'some.pem'), 'nothing much')
writeFileSync(
  join(folder, 'key.pem'),
  '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n',
)

function serverFor(directive: string) {
  const log: string[] = []
  const directives = directive.replaceAll('some.pem', join(folder, 'some.pem'))
  const text = `.:0 {\n bind 127.0.0.1\n ${directives.replace('key.pem', join(folder, 'key.pem'))}\n}\n`
  const server = new Server({
    log: createLogger({ write: (line) => void log.push(line) }),
    environment: {},
    workingDirectory: folder,
    threads: 1,
    tableMib: 0,
  })
  return { log, server, start: () => server.start(() => ({ text, path: 'Corefile' })) }
}

for (const [directive, message] of REFUSED) {
  t.test(`${directive.replace(/\s+/g, ' ')} is refused with what is wrong`, async (t) => {
    const { server, start } = serverFor(directive)
    t.teardown(() => server.stop())
    await t.rejects(start(), { message })
  })
}

t.test('log for what is no name logs nothing, and says so', async (t) => {
  const { server, log, start } = serverFor('log a..b')
  t.teardown(() => server.stop())
  await start()
  t.strictSame(log, [
    '[WARNING] plugin/log: no query is logged for "a..b", which is no domain name\n',
  ])
})
