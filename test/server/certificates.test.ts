import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import { freePort } from '../ports.ts'

/** The common name of the certificate that a port shows. */
function shown(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

t.test(
  'a certificate that was renewed is shown after a reload, and connections go on',
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'muster-certificates-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const issue = (cn: string) => {
      const paths = ['-keyout', join(directory, 'key'), '-out', join(directory, 'cert')]
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '9',
          '-subj',
          `/CN=${cn}`,
          ...paths,
        ],
        { stdio: 'ignore' },
      )
    }
    issue('one.test')
    const port = await freePort()
    const text = `tls://.:${port} {\n bind 127.0.0.1\n tls ${directory}/cert ${directory}/key\n whoami\n}\n`
    const server = new Server({
      log: createLogger({ write: () => {} }),
      environment: {},
      workingDirectory: directory,
    })
    t.teardown(() => server.stop())
    await server.start(() => ({ text, path: 'Corefile' }))
    t.equal(await shown(port), 'one.test')
    issue('two.test')
    await server.reload(true)
    t.equal(await shown(port), 'two.test')
  },
)
