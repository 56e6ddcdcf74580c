import { generateKeyPairSync } from 'node:crypto'
import { Resolver } from 'node:dns'
import { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { type AcmeOptions, readRoots } from './acme-options.ts'
import type { AcmeStorage } from './acme-storage.ts'
import { type Challenges, challengeName } from './challenges.ts'

/** What is asked for: one certificate. */
export interface Wanted {
  readonly domain: string
  readonly options: AcmeOptions
  readonly storage: AcmeStorage
  readonly challenges: Challenges
  /** Ends it early. */
  readonly signal: AbortSignal
}

/** Obtains a certificate. @throws Error that says why there is none */
export type Obtain = (wanted: Wanted) => Promise<{ readonly cert: string; readonly key: string }>

/** The client keeps its agent in one place for the whole process, so one certificate is obtained after the other. */
let last: Promise<unknown> = Promise.resolve()

/** Obtains a certificate by the DNS-01 challenge (RFC 8555 §8.4). The client is loaded when the first one is needed. */
export const obtain: Obtain = (wanted) => {
  const mine = last.then(() => obtainNow(wanted))
  last = mine.catch(() => {})
  return mine
}

async function obtainNow({ domain, options, storage, challenges, signal }: Wanted) {
  const { default: acme } = await import('acme-client')
  signal.throwIfAborted()
  const agent = agentFor(options)
  Object.assign(acme.axios.defaults, { httpsAgent: agent, proxy: false, signal })
  const client = new acme.Client({
    directoryUrl: options.ca,
    accountKey: storage.accountKey(newKey),
  })
  const [key, csr] = await acme.crypto.createCsr(
    { commonName: domain, altNames: [domain] },
    newKey(),
  )
  const name = challengeName(domain)
  try {
    const cert = await client.auto({
      csr,
      ...(options.email !== '' && { email: options.email }),
      termsOfServiceAgreed: true,
      challengePriority: ['dns-01'],
      skipChallengeVerification: true,
      challengeCreateFn: async (_authorization, _challenge, value) =>
        challenges.present(name, value),
      challengeRemoveFn: async (_authorization, _challenge, value) =>
        challenges.remove(name, value),
    })
    return { cert, key: key.toString() }
  } finally {
    agent.destroy()
  }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Trusts the public authorities and those of `ca_root`, and looks names up where `resolver` says. */
function agentFor({ caRoot, resolver }: AcmeOptions): Agent {
  const roots = readRoots(caRoot)
  return new Agent({
    ...(roots !== undefined && { ca: [...rootCertificates, roots] }),
    ...(resolver !== '' && { lookup: lookupAt(resolver) }),
  })
}

function lookupAt(server: string): LookupFunction {
  const resolver = new Resolver()
  resolver.setServers([server])
  return (hostname, options, callback) => {
    resolver.resolve4(hostname, (error, addresses) => {
      if (error !== null) return callback(error, [])
      if (options.all === true) {
        return callback(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        )
      }
      callback(null, addresses[0] ?? '', 4)
    })
  }
}
