import type { Store } from '../../src/kube/store.ts'
import type { Cluster } from '../../src/sandbox/cluster.ts'
import type { ObjectInput } from '../../src/sandbox/types.ts'
import { RCODE, TYPE } from '../../src/wire/codes.ts'
import { nameFromText, ROOT } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import type { Dice } from './dice.ts'

const NAMESPACES = ['one', 'two', 'three']
const SERVICES = ['web', 'db', 'head', 'tail']
const PODS = 6

/** A question of the universe, and what the store says to it. */
export interface Known {
  readonly text: string
  readonly packet: Buffer
  /** As {@link answerKey} has it. */
  expected(store: Store): string
}

/** Everything that may come and go: a few Namespaces with Services of both kinds, slices, Pods. */
export class Universe {
  readonly questions: readonly Known[]
  readonly #cluster: Cluster
  readonly #dice: Dice
  #number = 0

  constructor(cluster: Cluster, dice: Dice) {
    this.#cluster = cluster
    this.#dice = dice
    this.questions = allQuestions()
  }

  /** One object comes, goes or changes. */
  change(): void {
    const dice = this.#dice
    const namespace = dice.pick(NAMESPACES)
    const service = dice.pick(SERVICES)
    const n = ++this.#number
    const kind = dice.int(8)
    if (kind === 0) {
      this.#toggle({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    } else if (kind < 4) this.#put(serviceObject(namespace, service, n), dice.chance(0.3))
    else if (kind < 7) this.#put(sliceObject(namespace, service, n, dice), dice.chance(0.2))
    else this.#toggle(podObject(namespace, dice.int(PODS)))
  }

  #toggle(object: ObjectInput): void {
    this.#put(object, this.#cluster.get(object) !== undefined)
  }

  #put(object: ObjectInput, away: boolean): void {
    if (!away) this.#cluster.apply([object])
    else if (this.#cluster.get(object) !== undefined) this.#cluster.delete(object)
  }
}

/** What an answer says: its rcode and its addresses or targets. */
export function answerKey(answer: Uint8Array): string {
  const message = readMessage(Buffer.from(answer))
  const data = message.answer.map(({ rdata }) => Buffer.from(rdata, 'latin1').toString('hex'))
  return `${message.flags & 15} ${data.sort().join(' ')}`
}

function serviceObject(namespace: string, name: string, n: number): ObjectInput {
  const headless = name === 'head' || name === 'tail'
  const ip = headless ? 'None' : `10.96.${(n >> 8) & 0xff}.${n & 0xff}`
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: {
      type: 'ClusterIP',
      clusterIP: ip,
      clusterIPs: [ip],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
  }
}

function sliceObject(namespace: string, service: string, n: number, dice: Dice): ObjectInput {
  const endpoints = Array.from({ length: dice.int(4) }, (_, i) => ({
    addresses: [`10.1.${n & 0xff}.${i + 1}`],
    hostname: `pod-${i}`,
    conditions: { ready: dice.chance(0.8) },
  }))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: `${service}-1`,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints,
  }
}

function podObject(namespace: string, i: number): ObjectInput {
  const ip = podAddress(namespace, i)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: `pod-${i}` },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  }
}

const podAddress = (namespace: string, i: number) =>
  `10.2.${NAMESPACES.indexOf(namespace)}.${i + 1}`

function allQuestions(): Known[] {
  const questions: Known[] = []
  const ask = (name: string, expected: Known['expected'], qtype: number = TYPE.A) => {
    questions.push({ text: name, packet: packetOf(`${name}.cluster.local`, qtype), expected })
  }
  for (const namespace of NAMESPACES) {
    for (const service of SERVICES) {
      const own = `${service}.${namespace}.svc`
      ask(own, (store) => ofService(store, service, namespace))
      ask(own, (store) => withoutAddresses(ofService(store, service, namespace)), TYPE.AAAA)
      ask(`pod-1.${own}`, (store) => ofEndpoint(store, service, namespace, 'pod-1'))
      ask(`nobody.${own}`, () => DENIED)
    }
    ask(`${namespace}.svc`, (store) => (store.namespace(namespace) ? NOTHING : DENIED))
    ask(`other.${namespace}.svc`, () => DENIED)
    ask(`api.example.com.${namespace}.svc`, () => DENIED)
    for (let i = 0; i < PODS; i++) {
      const ip = podAddress(namespace, i)
      ask(`${ip.replaceAll('.', '-')}.${namespace}.pod`, (store) => ofPod(store, namespace, ip))
    }
  }
  ask('web.four.svc', () => DENIED)
  ask('api.example.com.svc', () => DENIED)
  ask('api.example.com', () => DENIED)
  return questions
}

const DENIED = `${RCODE.NXDOMAIN} `
const NOTHING = `${RCODE.NOERROR} `

function ofService(store: Store, name: string, namespace: string): string {
  const service = store.service(name, namespace)
  if (store.namespace(namespace) === undefined || service === undefined) return DENIED
  if (!service.headless) return found(service.clusterIPs)
  const addresses = readyEndpoints(store, name, namespace).map(({ address }) => address)
  return addresses.length === 0 ? DENIED : found(addresses)
}

function ofEndpoint(store: Store, service: string, namespace: string, hostname: string): string {
  if (store.namespace(namespace) === undefined) return DENIED
  if (store.service(service, namespace) === undefined) return DENIED
  const all = readyEndpoints(store, service, namespace)
  const addresses = all.filter((one) => one.hostname === hostname).map(({ address }) => address)
  return addresses.length === 0 ? DENIED : found(addresses)
}

function readyEndpoints(store: Store, service: string, namespace: string) {
  return store.slices(service, namespace).flatMap((slice) => slice.endpoints.filter((e) => e.ready))
}

function ofPod(store: Store, namespace: string, ip: string): string {
  if (store.namespace(namespace) === undefined) return DENIED
  const here = store.podsByAddress(ip).some((pod) => pod.namespace === namespace)
  return here ? found([ip]) : DENIED
}

const withoutAddresses = (key: string) => (key === DENIED ? DENIED : NOTHING)

function found(addresses: readonly string[]): string {
  const octets = addresses.map((ip) => Buffer.from(ip.split('.').map(Number)).toString('hex'))
  return `${RCODE.NOERROR} ${octets.sort().join(' ')}`
}

const writer = new Writer()

export function packetOf(text: string, qtype: number): Buffer {
  const none: never[] = []
  const question = { qname: nameFromText(text) ?? ROOT, qtype, qclass: 1 }
  const sections = { answer: none, authority: none, additional: none, opt: undefined }
  return Buffer.from(writer.write({ id: 0, flags: 0x0100, question, ...sections }, 0xffff))
}
