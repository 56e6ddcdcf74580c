import { closeSync, openSync, writeSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import type { PluginModule, Setup, TlsSettings } from '../setup.ts'
import { AcmeCertificates } from './acme.ts'
import { obtain } from './acme-client.ts'
import { parseAcme } from './acme-options.ts'
import { AcmeChallenger, Challenges } from './challenges.ts'
import { type CertificateFiles, loadCertificates } from './files.ts'

type ClientAuth = Pick<TlsSettings, 'requestCert' | 'rejectUnauthorized' | 'accepts'>

/** What each word of `client_auth` asks of clients. */
const CLIENT_AUTH: ReadonlyMap<string, ClientAuth> = new Map<string, ClientAuth>([
  ['nocert', { requestCert: false, rejectUnauthorized: false }],
  ['request', { requestCert: true, rejectUnauthorized: false }],
  ['require', { requestCert: true, rejectUnauthorized: false, accepts: ({ given }) => given }],
  [
    'verify_if_given',
    {
      requestCert: true,
      rejectUnauthorized: false,
      accepts: ({ given, authorized }) => !given || authorized,
    },
  ],
  ['require_and_verify', { requestCert: true, rejectUnauthorized: true }],
])

/** `tls CERT KEY [CA] { client_auth WORD; keylog FILE }` or `tls { acme DOMAINS...; … }`; of several in a block the last one counts. */
export const module: PluginModule = {
  name: 'tls',
  setup(setup) {
    const { tokens, block } = setup
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      if (args.length === 0) {
        block.tls = acme(setup)
        continue
      }
      block.tls = parse(setup, args)
    }
    return undefined
  },
}

/** Certificates that are obtained: the CA asks for its challenges in whatever block the domain is. */
function acme(setup: Setup): TlsSettings {
  const { tokens, block, log, host, shared, plugins } = setup
  const options = parseAcme(tokens, block.root)
  const owner = JSON.stringify({ ...options, domains: [...options.domains].sort() })
  const challenges = shared('tls acme challenges', () => new Challenges())
  let challenger = plugins().find((plugin) => plugin instanceof AcmeChallenger)
  if (challenger === undefined) {
    challenger = new AcmeChallenger(challenges)
    setup.everywhere?.(challenger)
  }
  challenger.claim(options.domains, owner)
  const certificates = shared(
    `tls acme ${owner}`,
    () => new AcmeCertificates(options, { challenges, log, host, obtain }),
  )
  certificates.load()
  setup.onServing?.(() => certificates.start())
  return certificates.settings()
}

function parse(setup: Setup, args: readonly string[]): TlsSettings {
  const { tokens, block } = setup
  const inRoot = (path: string) =>
    isAbsolute(path) || block.root === '' ? path : join(block.root, path)
  const [cert, key, ca, ...rest] = args.map(inRoot)
  if (cert === undefined || key === undefined || rest.length > 0) {
    throw new Error(`plugin/tls: ${tokens.argErr().message}`)
  }
  let auth: ClientAuth = CLIENT_AUTH.get('nocert') as ClientAuth
  let keylog: string | undefined
  while (tokens.nextBlock()) {
    const option = tokens.val()
    const words = tokens.remainingArgs()
    if (option !== 'client_auth' && option !== 'keylog') {
      throw tokens.err(`unknown option '${option}'`)
    }
    const [word, ...others] = words
    if (word === undefined || others.length > 0) throw tokens.argErr()
    if (option === 'client_auth') auth = parseClientAuth(tokens, word)
    else keylog = resolve(inRoot(word))
  }
  const files: CertificateFiles = { cert, key, ca }
  loadCertificates(files)
  return {
    load: () => loadCertificates(files),
    files: ca === undefined ? [cert, key] : [cert, key, ca],
    ...auth,
    ...(keylog !== undefined && { keylog: openKeyLog(setup, keylog) }),
  }
}

function parseClientAuth(tokens: Dispenser, word: string): ClientAuth {
  const auth = CLIENT_AUTH.get(word)
  if (auth === undefined) throw tokens.err(`unknown authentication type '${word}'`)
  return auth
}

/** Secrets of connections, for those who must look into them: only the owner may read the file, and the log says that it is written. */
function openKeyLog({ tokens, log, onStart, onStop }: Setup, path: string): (line: Buffer) => void {
  let file: number | undefined
  const failed = (error: unknown) =>
    new Error(
      `plugin/tls: ${tokens.err(`unable to write TLS Key Log to ${quote(path)}: ${fileErrorText(path, error)}`).message}`,
    )
  onStart(() => {
    try {
      file = openSync(path, 'a', 0o600)
    } catch (error) {
      throw failed(error)
    }
    log.warning(`Writing TLS Key Log to ${quote(path)}`)
  })
  onStop(() => {
    if (file !== undefined) closeSync(file)
    file = undefined
  })
  return (line) => {
    if (file !== undefined) writeSync(file, line)
  }
}
