import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createLogger } from '../../../src/log.ts'
import { AcmeCertificates } from '../../../src/plugin/tls/acme.ts'
import type { Obtain } from '../../../src/plugin/tls/acme-client.ts'
import type { AcmeOptions } from '../../../src/plugin/tls/acme-options.ts'
import { AcmeChallenger, Challenges, challengeName } from '../../../src/plugin/tls/challenges.ts'
import { module as tls } from '../../../src/plugin/tls/setup.ts'
import { name } from '../../../src/wire/name.ts'
import { until } from '../../until.ts'
import { answering, arrange, mistake } from '../harness.ts'

const fixture = (file: string) => readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')
const ISSUED = { cert: fixture('one.crt'), key: fixture('one.key') }

t.test('mistakes are told as CoreDNS 1.14.7 tells them', async (t) => {
  const dir = t.testdir({ bad: 'nothing' })
  const parsing = 'Corefile:3 - Error during parsing: '
  for (const [lines, message] of [
    ['', 'ACME requires at least one domain'],
    ['acme', `${parsing}Wrong argument count or unexpected line ending after 'acme'`],
    ['email a', 'ACME requires at least one domain'],
    ['nope', `${parsing}unknown ACME option "nope"`],
    ['acme a..b', 'invalid ACME domain "a..b"'],
    ['acme 1.2.3.4', 'invalid ACME domain "1.2.3.4"'],
    ['acme a*b', 'invalid ACME domain "a*b"'],
    ['ca x\nacme a', 'invalid ACME CA URL "x"'],
    [
      'ca_root /no/x\nacme a',
      'reading ACME CA root "/no/x": open /no/x: no such file or directory',
    ],
    [`ca_root ${dir}/bad\nacme a`, `ACME CA root "${dir}/bad" contains no certificates`],
    ['resolver x\nacme a', 'invalid ACME resolver "x": address x: missing port in address'],
    ['resolver :53\nacme a', 'invalid ACME resolver ":53": host is empty'],
    ['resolver 1.1.1.1:99999\nacme a', 'invalid ACME resolver port "99999"'],
    ['email a b', `${parsing}Wrong argument count or unexpected line ending after 'b'`],
    [
      'acme a\nacme b',
      'Corefile:4 - Error during parsing: ACME option "acme" can only be specified once',
    ],
  ] as const) {
    t.equal(await mistake(`tls {\n${lines}\n}`, [tls]), message, lines)
  }
})

t.test('the CA finds what it is to find, and everybody else what there is', async (t) => {
  const challenges = new Challenges()
  const challenger = new AcmeChallenger(challenges)
  challenger.claim(['*.example.org'], 'one')
  const chain = await arrange('challenges', [{ name: 'challenges', setup: () => challenger }], {
    backend: answering('_acme-challenge.example.org. 60 IN TXT "theirs"'),
  })
  const ask = () => chain.ask('_ACME-challenge.example.org. TXT')
  t.match(await ask(), /"theirs"/)
  challenges.present(challengeName('*.example.org'), 'second')
  challenges.present(challengeName('example.org'), 'first')
  t.equal(
    await ask(),
    [
      'NOERROR qr aa rd',
      '_ACME-challenge.example.org. 0 IN TXT "first"',
      '_ACME-challenge.example.org. 0 IN TXT "second"',
    ].join('\n'),
  )
  t.match(await chain.ask('_acme-challenge.example.org. A'), /"theirs"/)
  challenges.remove(challengeName('example.org'), 'first')
  challenges.remove(challengeName('example.org'), 'second')
  t.match(await ask(), /"theirs"/)
  t.equal(challenger.clearOf(name('org'), 16), false)
  t.equal(challenger.clearOf(name('org'), 1), true)
  t.equal(challenger.clearOf(name('net'), 16), true)
})

t.test('a domain cannot have two configurations', async (t) => {
  const challenger = new AcmeChallenger(new Challenges())
  challenger.claim(['a.test', 'b.test'], 'one')
  challenger.claim(['a.test', 'b.test'], 'one')
  t.throws(() => challenger.claim(['b.test'], 'other'), {
    message: 'ACME domain "b.test" is configured with conflicting options',
  })
})

function certificates(storage: string, obtain: Obtain, now = Date.parse('2027-01-01')) {
  const log: string[] = []
  const options: AcmeOptions = {
    domains: ['one.test', '*.one.test'],
    email: 'hostmaster@one.test',
    ca: 'https://ca.test:14000/dir',
    storage,
    caRoot: '',
    resolver: '',
  }
  const managed = new AcmeCertificates(options, {
    challenges: new Challenges(),
    log: createLogger({ write: (line) => void log.push(line.trimEnd()) }),
    host: { wallClock: () => now },
    obtain,
  })
  return { managed, log, settings: managed.settings() }
}

t.test('what is missing is obtained, kept where CoreDNS keeps it, and shown by name', async (t) => {
  const storage = t.testdir({})
  const asked: string[] = []
  const obtain: Obtain = async ({ domain }) => {
    asked.push(domain)
    return ISSUED
  }
  const { managed, settings } = certificates(storage, obtain)
  managed.load()
  t.equal(settings.load().cert, undefined)
  t.equal(settings.contextFor?.('one.test'), false)
  managed.start()
  await until(() => settings.contextFor?.('x.one.test') !== false)
  await managed.close()
  t.strictSame(asked, ['one.test', '*.one.test'])
  t.equal(settings.load().cert, ISSUED.cert)
  t.ok(settings.contextFor?.('ONE.test.'))
  t.equal(settings.contextFor?.('a.b.one.test'), false)
  t.equal(settings.contextFor?.('other.test'), false)
  for (const file of ['one.test/one.test', 'wildcard_.one.test/wildcard_.one.test']) {
    for (const ending of ['crt', 'key', 'json']) {
      t.ok(existsSync(join(storage, 'certificates', 'ca.test-14000-dir', `${file}.${ending}`)))
    }
  }

  const again = certificates(storage, async () => t.fail('it is there') as never)
  again.managed.load()
  again.managed.start()
  await sleep(50)
  await again.managed.close()
  t.equal(again.settings.load().cert, ISSUED.cert, 'without asking anybody')

  const renewed: string[] = []
  const late = certificates(
    storage,
    async ({ domain }) => {
      renewed.push(domain)
      return ISSUED
    },
    Date.parse('2095-01-01'),
  )
  late.managed.load()
  late.managed.start()
  await until(() => renewed.length === 2)
  await late.managed.close()
  t.strictSame(renewed, ['one.test', '*.one.test'], 'with a third of its life left')
})

t.test('a failure is told with when it is tried again', async (t) => {
  const { managed, log } = certificates(t.testdir({}), async () => {
    throw new Error('the CA is out')
  })
  managed.start()
  await until(() => log.length === 4)
  await managed.close()
  t.equal(
    log[1],
    '[ERROR] plugin/tls: could not get certificate for one.test: the CA is out; trying again in 60s'.replace(
      'plugin/tls: ',
      '',
    ),
  )
})

t.test('the end does not wait for a CA', async (t) => {
  const { managed, log } = certificates(
    t.testdir({}),
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  )
  managed.start()
  await until(() => log.length === 1)
  await managed.close()
  t.equal(log.length, 1)
})
