import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { module as autopath } from '../../src/plugin/autopath/setup.ts'
import { module as external } from '../../src/plugin/k8s_external/setup.ts'
import { localAddresses } from '../../src/plugin/kubernetes/nameservers.ts'
import { module as kubernetes } from '../../src/plugin/kubernetes/setup.ts'
import type { Shared } from '../../src/plugin/setup.ts'
import { typeFromText } from '../../src/wire/codes.ts'
import { name } from '../../src/wire/name.ts'
import { Writer } from '../../src/wire/writer.ts'
import { askByTcp, askByUdp, framed } from '../parity/exchange.ts'
import { describe, packetOf } from '../parity/transcript.ts'
import { arrange, type Chain } from '../plugin/harness.ts'
import { forward, standIn } from '../plugin/kubernetes/stand-ins.ts'
import { freePair, freePort } from '../ports.ts'
import { diceOf, oddCluster } from './odd-cluster.ts'
import { oddQuestions } from './odd-questions.ts'

/**
 * CoreDNS over a real API server and this plugin over the same objects are asked the same. Skipped where `coredns` and `kapi` are not on PATH.
 * SEED and QUESTIONS choose another cluster and more questions.
 */
const seed = Number(process.env.SEED ?? 1)
const SILENCE = '(silence)'
const questions = Number(process.env.QUESTIONS ?? 1500)

const CONFIGURATIONS: Record<string, { directives: string; zones: string[]; except?: RegExp }> = {
  insecure: {
    zones: ['cluster.local.', 'in-addr.arpa.', 'ip6.arpa.'],
    directives: `kubernetes cluster.local in-addr.arpa ip6.arpa {
  kubeconfig KUBECONFIG
  pods insecure
  fallthrough in-addr.arpa ip6.arpa
  ttl 30
}`,
  },
  verified: {
    zones: ['cluster.local.', 'ext.test.', 'dns.ext.test.', 'ns1.dns.ext.test.'],
    directives: `k8s_external ext.test {
  headless
  ttl 9
}
kubernetes cluster.local in-addr.arpa ip6.arpa {
  kubeconfig KUBECONFIG
  pods verified
  endpoint_pod_names
  ttl 0
}`,
  },
  listed: {
    zones: ['cluster.local.', '0.10.in-addr.arpa.', 'ext.test.'],
    directives: `k8s_external ext.test in-addr.arpa {
  fallthrough in-addr.arpa
}
kubernetes cluster.local in-addr.arpa ip6.arpa {
  kubeconfig KUBECONFIG
  namespaces zoo default
  ignore empty_service
}`,
  },
  bare: {
    zones: ['cluster.local.'],
    directives: `kubernetes cluster.local 0.0.10.in-addr.arpa {
  kubeconfig KUBECONFIG
  noendpoints
  ttl 400
}`,
  },
  zonal: {
    zones: ['cluster.local.', 'sub.cluster.local.', '1.10.in-addr.arpa.'],
    directives: `kubernetes cluster.local sub.cluster.local 10.0.0.0/15 172.16.0.0/16 {
  kubeconfig KUBECONFIG
  pods insecure
  zonal
  ignore empty_service
  fallthrough foo.cluster.local
}`,
  },
}

CONFIGURATIONS.labelled = {
  zones: ['cluster.local.', 'in-addr.arpa.'],
  directives: `kubernetes cluster.local in-addr.arpa ip6.arpa {
  kubeconfig KUBECONFIG
  labels tier in (a, b)
  namespace_labels exposed
  pods verified
}`,
}

CONFIGURATIONS.backwards = {
  zones: ['in-addr.arpa.', 'cluster.local.', 'b.a.cluster.local.'],
  directives: `kubernetes in-addr.arpa ip6.arpa Cluster.LOCAL a.cluster.local {
  kubeconfig KUBECONFIG
  pods verified
  fallthrough
}`,
}
CONFIGURATIONS.rooted = {
  zones: ['.'],
  // CoreDNS makes names with two dots here and sends nothing: a difference on purpose.
  except: /arpa\. PTR$/i,
  directives: `kubernetes . {
  kubeconfig KUBECONFIG
  pods insecure
}`,
}

const have = (binary: string) => {
  try {
    execFileSync('which', [binary], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

t.setTimeout(900_000)
const missing = !have('coredns') || !have('kapi')
const skip = missing && 'coredns and kapi are not on PATH'

t.test('CoreDNS over the same objects gives the same answers', { skip }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'muster-side-by-side-'))
  const running: ChildProcess[] = []
  t.teardown(async () => {
    for (const child of running) child.kill('SIGKILL')
    await sleep(200)
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
  })
  const run = (command: string, ...args: string[]) =>
    running.push(
      spawn(command, args, { cwd: directory, stdio: process.env.SHOW ? 'inherit' : 'ignore' }),
    )

  const [api, etcd] = [await freePort(), await freePair()]
  run('kapi', '-port', String(api), '-etcd-port', String(etcd), '-dir', directory)
  const dice = diceOf(seed)
  const local = localAddresses([])
  const objects = oddCluster(dice, 60, local)
  for (const object of objects) await create(api, object)

  const upstream = await freePort()
  let corefile = readFileSync(
    new URL('../parity/kubernetes/plain.Corefile', import.meta.url),
    'utf8',
  )
    .replace(/^[\s\S]*(?=\.:\{\{upstream\}\} \{)/, '')
    .replaceAll('{{upstream}}', String(upstream))
  const ports = new Map<string, number>()
  for (const [title, { directives }] of Object.entries(CONFIGURATIONS)) {
    const port = await freePort()
    ports.set(title, port)
    const block = directives.replace('KUBECONFIG', join(directory, 'kubeconfig'))
    corefile += `.:${port} {\n${block}\ntransfer {\n to *\n}\nforward . 127.0.0.1:${upstream}\n}\n`
  }
  writeFileSync(join(directory, 'Corefile'), corefile)
  run('coredns', '-conf', join(directory, 'Corefile'))
  for (const port of ports.values()) await listening(port)

  for (const [title, { directives, zones, except = /^$/ }] of Object.entries(CONFIGURATIONS)) {
    const port = ports.get(title) as number
    const shared = new Map<string, Shared>()
    const text = directives.replace('KUBECONFIG', join(directory, 'kubeconfig'))
    const modules = [standIn('transfer'), autopath, external, kubernetes, forward]
    const chain = await arrange(`${text}\nforward . upstream`, modules, { shared })
    await chain.start()
    const all = oddQuestions(dice, objects, zones, questions)
    const asked = all.filter((question) => !except.test(question))
    const wrong = await compareAll(chain, port, asked)
    for (const difference of wrong.slice(0, 12)) t.comment(`${title}: ${difference}`)
    t.equal(wrong.length, 0, `${title}: ${wrong.length} of ${asked.length} answers differ`)
    for (const zone of ['cluster.local.', 'foo.cluster.local.', 'ext.test.']) {
      if (zone === 'ext.test.' && !directives.includes(zone.slice(0, -1))) continue
      const difference = await compareTransfer(chain, port, zone)
      t.equal(difference, '', `${title}: the transfer of ${zone}`)
    }
    for (const store of shared.values()) await store.close()
  }
})

/** Questions in the air at a time. */
const WINDOW = 50

async function compareAll(chain: Chain, port: number, asked: readonly string[]): Promise<string[]> {
  const wrong: string[] = []
  for (let at = 0; at < asked.length; at += WINDOW) {
    const said: { question: string; packet: Buffer; have: string }[] = []
    for (const question of asked.slice(at, at + WINDOW)) {
      const packet = packetFor(question)
      // One after the other: an answer lasts until the next packet is taken up.
      said.push({ question, packet, have: textOf(await chain.send(packet)) })
    }
    await Promise.all(
      said.map(async ({ question, packet, have }) => {
        const want = await theirs(port, question, packet, have)
        if (want !== have) wrong.push(`${question}\nwant ${want}\nhave ${have}`)
      }),
    )
  }
  return wrong
}

function packetFor(question: string): Buffer {
  const [text = '', type = ''] = question.split(' ')
  const qtype = typeFromText(type) as number
  const options = ['+bufsize=4096']
  return packetOf({ line: 0, qname: name(text), qtype, options, head: '', records: [] }, 4711)
}

/** What CoreDNS says. It takes slices in an order of chance, and with it the first hit that a CNAME question is about: so several times. */
async function theirs(
  port: number,
  question: string,
  packet: Buffer,
  have: string,
): Promise<string> {
  let want = ''
  for (let i = 0; i < (question.endsWith(' CNAME') ? 8 : 1) && want !== have; i++) {
    const timeoutMs = have === SILENCE ? 1_200 : 20_000
    const [answer] = await askByUdp({ to: '127.0.0.1', port, timeoutMs }, [packet], 1)
    want = textOf(answer)
  }
  return want
}

function textOf(packet: Buffer | undefined): string {
  if (packet === undefined) return SILENCE
  const { head, records } = describe(packet)
  // Each record once: CoreDNS repeats the CNAME of a load balancer's host name for every port.
  return [head, ...new Set(records.sort())].join('\n')
}

async function compareTransfer(chain: Chain, port: number, zone: string): Promise<string> {
  const qname = name(zone)
  const recorded = { line: 0, qname, qtype: 252, options: ['+nord'], head: '', records: [] }
  const messages = await askByTcp(
    { to: '127.0.0.1', port, timeoutMs: 3000 },
    [framed(packetOf(recorded, 1))],
    () => false,
  )
  const told = new Set(messages.flatMap((message) => describe(message).records))
  const plugin = chain.blocks[0]?.plugins.find((plugin) => plugin.transfer?.(qname, undefined))
  const records = [...(plugin?.transfer?.(qname, undefined) ?? [])].flat()
  const head = { ...EMPTY, answer: records }
  const ours = new Set(describe(written(head)).records)
  const missing = [...told].filter((line) => !ours.has(line)).map((line) => `- ${line}`)
  const surplus = [...ours].filter((line) => !told.has(line)).map((line) => `+ ${line}`)
  return [...missing, ...surplus].sort().slice(0, 12).join('\n')
}

const EMPTY = {
  id: 1,
  flags: 0x8400,
  question: undefined,
  answer: [],
  authority: [],
  additional: [],
  opt: undefined,
}
const written = (content: Parameters<Writer['write']>[0]) =>
  Buffer.from(new Writer().write(content, 65535))

async function listening(port: number): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const probe = { line: 0, qname: name('.'), qtype: 6, options: [], head: '', records: [] }
    const [answer] = await askByUdp(
      { to: '127.0.0.1', port, timeoutMs: 200 },
      [packetOf(probe, 1)],
      1,
    )
    if (answer !== undefined) return
  }
  throw new Error('coredns does not answer')
}

const PATHS: Record<string, string> = {
  Namespace: '/api/v1/namespaces',
  Service: '/api/v1/namespaces/NS/services',
  Pod: '/api/v1/namespaces/NS/pods',
  EndpointSlice: '/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices',
}

/** Creates an object, waiting for the server to come up. */
async function create(port: number, object: object): Promise<void> {
  const { kind, metadata } = object as { kind: string; metadata: { namespace?: string } }
  const path = (PATHS[kind] as string).replace('NS', metadata.namespace ?? '')
  for (let i = 0; i < 600; i++) {
    const status = await post(port, path, JSON.stringify(object)).catch(() => 0)
    if (status === 201 || status === 409) return
    if (status >= 400 && status < 500 && status !== 403)
      throw new Error(`${kind}: ${status} ${JSON.stringify(object)}`)
    await sleep(200)
  }
  throw new Error('the API server does not take objects')
}

function post(port: number, path: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer labtoken' }
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', headers, rejectUnauthorized: false },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
