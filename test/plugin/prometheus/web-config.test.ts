import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import t from 'tap'
import { module as prometheus } from '../../../src/plugin/prometheus/setup.ts'
import { arrange, type Chain, mistake } from '../harness.ts'

const ADDRESS = '127.0.0.1:0'
const dir = t.testdir({})
for (const file of ['one.crt', 'one.key', 'other.crt', 'other.key']) {
  cpSync(new URL(`../tls/fixtures/${file}`, import.meta.url), join(dir, file))
}
const pem = (file: string) => readFileSync(join(dir, file), 'utf8')

async function arranged(config: string): Promise<Chain> {
  writeFileSync(join(dir, 'web.yml'), config)
  return arrange(`prometheus ${ADDRESS} {\ntls ${dir}/web.yml\n}`, [prometheus])
}

/** The status of the page, or the error that the connection ended with. */
function status(chain: Chain, client: { cert?: string; key?: string } = {}): Promise<unknown> {
  const options = {
    host: '127.0.0.1',
    port: chain.http.port(ADDRESS),
    path: '/metrics',
    agent: false,
  }
  const trust = { ca: pem('one.crt'), checkServerIdentity: () => undefined }
  return new Promise((resolve) => {
    get({ ...options, ...trust, ...client }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}

t.test('the page is served over TLS, files relative to the configuration', async (t) => {
  const chain = await arranged('tls_server_config:\n  cert_file: one.crt\n  key_file: one.key\n')
  await chain.start()
  t.equal(await status(chain), 200)
  await chain.stop()
})

t.test('clients are asked for what client_auth_type says', async (t) => {
  const config = 'tls_server_config:\n  cert_file: one.crt\n  key_file: one.key\n'
  const other = { cert: pem('other.crt'), key: pem('other.key') }
  const any = await arranged(`${config}  client_auth_type: RequireAnyClientCert\n`)
  await any.start()
  t.not(await status(any), 200)
  t.equal(await status(any, other), 200)
  await any.stop()
  const verified = `${config}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: one.crt\n`
  const chain = await arranged(verified)
  await chain.start()
  t.not(await status(chain, other), 200)
  t.equal(await status(chain, { cert: pem('one.crt'), key: pem('one.key') }), 200)
  await chain.stop()
})

t.test('what the file asks for beyond that is an error at the start', async (t) => {
  const failure = async (config: string) => {
    const chain = await arranged(config)
    return chain.start().then(
      () => '',
      (error: Error) => error.message.replaceAll(dir, 'DIR'),
    )
  }
  t.equal(
    await failure('basic_auth_users:\n  a: b\n'),
    'DIR/web.yml: basic_auth_users is not supported',
  )
  t.equal(
    await failure('tls_server_config: {}\n'),
    'DIR/web.yml: tls_server_config needs cert_file and key_file',
  )
  t.equal(
    await failure('tls_server_config:\n  cipher_suites: []\n'),
    'DIR/web.yml: tls_server_config.cipher_suites is not supported',
  )
  t.match(
    await failure(
      'tls_server_config:\n  cert_file: one.crt\n  key_file: one.key\n  min_version: TLS10\n',
    ),
    'min_version must be one of TLS12, TLS13: TLS10',
  )
  t.match(await failure('[]\n'), 'tls_server_config is missing')
})

t.test('the option takes one file, once', async (t) => {
  t.match(await mistake('prometheus {\ntls\n}', [prometheus]), /after 'tls'/)
  t.equal(
    await mistake('prometheus {\ntls a\ntls b\n}', [prometheus]),
    'Corefile:4 - Error during parsing: tls block already specified',
  )
})
