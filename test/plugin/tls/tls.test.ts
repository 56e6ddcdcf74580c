import { cpSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { module as tls } from '../../../src/plugin/tls/setup.ts'
import { arrange, mistake } from '../harness.ts'

const dir = t.testdir({ empty: '', text: '-----BEGIN NOTHING-----\n' })
for (const file of ['one.crt', 'one.key', 'other.crt', 'other.key']) {
  cpSync(new URL(`fixtures/${file}`, import.meta.url), join(dir, file))
}
const paths = `${dir}/one.crt ${dir}/one.key`

const settings = async (line: string) => (await arrange(line, [tls])).blocks[0]?.settings.tls

t.test('certificates are read each time that they are loaded', async (t) => {
  const found = await settings(`tls ${paths} ${dir}/other.crt`)
  t.strictSame(found?.files, [`${dir}/one.crt`, `${dir}/one.key`, `${dir}/other.crt`])
  const loaded = found?.load()
  t.equal(loaded?.minVersion, 'TLSv1.2')
  t.equal(loaded?.cert, readFileSync(join(dir, 'one.crt'), 'utf8'))
  t.equal(loaded?.ca, readFileSync(join(dir, 'other.crt'), 'utf8'))
})

t.test('client_auth says what clients must show', async (t) => {
  const kinds = [
    { given: false, authorized: false },
    { given: true, authorized: false },
    { given: true, authorized: true },
  ]
  const accepted = async (word: string) => {
    const found = await settings(`tls ${paths} {\nclient_auth ${word}\n}`)
    const taken = kinds.map((peer) => found?.accepts?.(peer) ?? true)
    return [found?.requestCert, found?.rejectUnauthorized, ...taken]
  }
  t.strictSame(await accepted('nocert'), [false, false, true, true, true])
  t.strictSame(await accepted('request'), [true, false, true, true, true])
  t.strictSame(await accepted('require'), [true, false, false, true, true])
  t.strictSame(await accepted('verify_if_given'), [true, false, true, false, true])
  t.strictSame((await accepted('require_and_verify')).slice(0, 2), [true, true])
})

t.test('keylog appends to a file that only its owner reads', async (t) => {
  const file = join(dir, 'keys')
  const chain = await arrange(`tls ${paths} {\nkeylog ${file}\n}`, [tls])
  await chain.start()
  chain.blocks[0]?.settings.tls?.keylog?.(Buffer.from('CLIENT_RANDOM 1 2\n'))
  await chain.stop()
  t.equal(readFileSync(file, 'utf8'), 'CLIENT_RANDOM 1 2\n')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.strictSame(chain.log, [`[WARNING] plugin/tls: Writing TLS Key Log to "${file}"`])
})

t.test('mistakes are told', async (t) => {
  const say = (line: string) => mistake(line, [tls])
  const cert = 'could not load TLS cert:'
  t.equal(
    await say(`tls ${dir}/none ${dir}/one.key`),
    `${cert} open ${dir}/none: no such file or directory`,
  )
  t.equal(
    await say(`tls ${dir}/empty ${dir}/one.key`),
    `${cert} tls: failed to find any PEM data in certificate input`,
  )
  t.match(await say(`tls ${dir}/one.crt ${dir}/text`), `${cert} tls: failed to find`)
  t.equal(
    await say(`tls ${dir}/one.crt ${dir}/other.key`),
    `${cert} tls: private key does not match public key`,
  )
  t.match(await say(`tls ${dir}/one.crt`), /^plugin\/tls: Corefile:2 - .* after '.*one.crt'$/)
  t.match(await say(`tls ${paths} ${dir}/text`), 'could not read root certs')
  t.equal(
    await say(`tls ${paths} {\nclient_auth maybe\n}`),
    "Corefile:3 - Error during parsing: unknown authentication type 'maybe'",
  )
  t.equal(
    await say(`tls ${paths} {\ncolour blue\n}`),
    "Corefile:3 - Error during parsing: unknown option 'colour'",
  )
})

t.test('relative paths are those of root', async (t) => {
  const root: PluginModule = {
    name: 'root',
    setup({ tokens, block }) {
      tokens.next()
      block.root = tokens.remainingArgs()[0] ?? ''
      return undefined
    },
  }
  const chain = await arrange(`root ${dir}\ntls one.crt ${dir}/one.key`, [root, tls])
  t.strictSame(chain.blocks[0]?.settings.tls?.files, [`${dir}/one.crt`, `${dir}/one.key`])
})
