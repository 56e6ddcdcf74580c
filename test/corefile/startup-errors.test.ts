import { readFileSync } from 'node:fs'
import t from 'tap'
import { checkPort, parseKey } from '../../src/corefile/keys.ts'
import { checkOverlap, type Listener } from '../../src/corefile/overlap.ts'
import { parseCorefile, type ServerBlock } from '../../src/corefile/parser.ts'
import { memoryIo } from './memory-io.ts'

interface Entry {
  name: string
  corefile: string
  files?: Record<string, string>
  exit: number | null
  output: string[]
}

const DIRECTIVES = new Set(
  [
    'root metadata geoip cancel proxyproto quic grpc_server https https3 timeouts',
    'multisocket reload nsid bufsize bind debug trace ready health pprof shed prometheus',
    'errors log dnstap local dns64 any chaos loadbalance tsig rewrite autopath acl cache',
    'header dnssec tls minimal template transfer hosts route53 azure clouddns k8s_external',
    'kubernetes file auto secondary etcd loop forward grpc erratic whoami on sign view',
    'nomad',
  ]
    .join(' ')
    .split(' '),
)

const entries = JSON.parse(
  readFileSync(new URL('../parity/corefile-errors.json', import.meta.url), 'utf8'),
) as Entry[]

function fill(text: string): string {
  return text.replaceAll('{{dir}}', '/srv').replaceAll('{{port}}', '5500')
}

/** What starting does with a Corefile as far as no plugin is asked: the text of the error, or undefined. */
function start(entry: Entry): string | undefined {
  const files = Object.entries(entry.files ?? {}).map(([name, text]) => [
    `/srv/${name}`,
    fill(text),
  ])
  const input = { text: fill(entry.corefile), path: '/srv/Corefile' }
  try {
    const blocks = parseCorefile(input, memoryIo(Object.fromEntries(files)), DIRECTIVES)
    const listeners = blocks.flatMap(listenersOf)
    for (const listener of listeners) checkPort(listener.port)
    checkOverlap(listeners)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function listenersOf(block: ServerBlock): Listener[] {
  const bind = block.directives.get('bind') ?? []
  const addresses = bind.map((token) => token.text).filter((text) => text !== 'bind')
  return block.keys
    .flatMap((key) => parseKey(key.text, 53))
    .flatMap((key) => addresses.map((address) => ({ ...key, address, filtered: false })))
}

const FRONT_END = [
  ...['unknown-directive', 'missing-closing-brace', 'brace-without-space', 'duplicate-zone'],
  ...['port-too-large', 'bad-zone-name', 'import-missing', 'import-no-args', 'import-recursive'],
  'quote-open',
]

t.test('bad syntax ends the start with the recorded text', async (t) => {
  for (const name of FRONT_END) {
    const entry = entries.find((candidate) => candidate.name === name) as Entry
    t.equal(start(entry), fill(entry.output[0] as string), name)
  }
})

t.test('what only a plugin can refuse gets through to the plugin', async (t) => {
  for (const entry of entries.filter((candidate) => !FRONT_END.includes(candidate.name))) {
    t.equal(start(entry), undefined, entry.name)
  }
})
