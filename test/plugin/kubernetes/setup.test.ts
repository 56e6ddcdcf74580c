import t from 'tap'
import { Dispenser } from '../../../src/corefile/dispenser.ts'
import { systemIo } from '../../../src/corefile/io.ts'
import { parseCorefile } from '../../../src/corefile/parser.ts'
import { createLogger } from '../../../src/log.ts'
import type { Config } from '../../../src/plugin/kubernetes/config.ts'
import { module, parseBlock } from '../../../src/plugin/kubernetes/setup.ts'
import { name, nameToText } from '../../../src/wire/name.ts'
import { mistake } from '../harness.ts'

const log: string[] = []
const logger = createLogger({ write: (line) => void log.push(line) })

function read(directive: string, zone = 'coredns.local.'): Config {
  const io = systemIo('/', {}, () => {})
  const text = `.:53 {\n${directive}\n}\n`
  const [block] = parseCorefile({ text, path: 'Corefile' }, io, new Set(['kubernetes']))
  const tokens = new Dispenser('Corefile', block?.directives.get('kubernetes') ?? [])
  return parseBlock(tokens, [name(zone)], logger)
}

function error(directive: string): string {
  try {
    read(directive)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

t.test('the zones are those of the directive, else those of the block', async (t) => {
  t.strictSame(read('kubernetes').zones.map(nameToText), ['coredns.local.'])
  t.strictSame(read('kubernetes Cluster.Local 10.0.0.0/23 test.local:53').zones.map(nameToText), [
    'cluster.local.',
    '0.0.10.in-addr.arpa.',
    '1.0.10.in-addr.arpa.',
    'test.local.',
  ])
  t.equal(nameToText(read('kubernetes 10.0.0.0/24 cluster.local').primaryZone), 'cluster.local.')
  t.equal(nameToText(read('kubernetes in-addr.arpa cluster.local').primaryZone), 'in-addr.arpa.')
  t.equal(error('kubernetes 10.0.0.0/24'), 'non-reverse zone name must be used')
})

t.test('every directive is read', async (t) => {
  const config = read(`kubernetes cluster.local clusterset.local {
    endpoint http://127.0.0.1:8080 http://127.0.0.2:8080
    tls cert key ca
    kubeconfig file context
    namespaces one two
    namespaces three
    labels environment in (production, qa),application=nginx
    pods verified
    endpoint_pod_names
    ttl 56 extra
    fallthrough ip6.arpa 10.0.0.0/8
    ignore empty_service and more
    multicluster clusterset.local
    zonal
    startup_timeout 1m30s
    apiserver_qps 0.5
    apiserver_burst 7
    apiserver_max_inflight 0
    snapshot /var/lib/muster/snapshot
  }`)
  t.same(
    {
      ...config,
      zones: undefined,
      namespaces: [...config.namespaces],
      fallthrough: config.fallthrough.map(nameToText),
      multicluster: config.multicluster.map(nameToText),
    },
    {
      zones: undefined,
      primaryZone: name('cluster.local.'),
      api: {
        endpoint: 'http://127.0.0.1:8080',
        tls: { cert: 'cert', key: 'key', ca: 'ca' },
        kubeconfig: { file: 'file', context: 'context' },
        qps: 0.5,
        burst: 7,
        maxInflight: 0,
      },
      namespaces: ['one', 'two', 'three'],
      namespaceLabels: undefined,
      labels: 'application=nginx,environment in (production,qa)',
      pods: 'verified',
      endpointPodNames: true,
      ttl: 56,
      endpoints: true,
      fallthrough: ['ip6.arpa.', '10.in-addr.arpa.'],
      ignoreEmptyService: true,
      multicluster: ['clusterset.local.'],
      zonal: true,
      startupTimeoutMs: 90_000,
      snapshot: '/var/lib/muster/snapshot',
    },
  )
  t.match(
    log.join(''),
    "Multiple endpoints have been deprecated, only the first specified endpoint 'http://127.0.0.1:8080' is used",
  )
})

t.test("what is not written has the reference's default", async (t) => {
  const config = read('kubernetes {\n ignore\n multicluster\n}')
  t.match(config, {
    ttl: 5,
    pods: 'disabled',
    endpoints: true,
    startupTimeoutMs: 5000,
    ignoreEmptyService: false,
  })
  t.equal(config.namespaces.size, 0)
  t.strictSame(config.fallthrough, [])
  t.strictSame(read('kubernetes {\n fallthrough\n}').fallthrough.map(nameToText), ['.'])
  t.equal(read('kubernetes {\n ttl 0\n}').ttl, 0)
  t.equal(
    read('kubernetes {\n namespace_labels istio-injection=enabled\n}').namespaceLabels,
    'istio-injection=enabled',
  )
})

t.test("mistakes are told in the reference's words", async (t) => {
  const at = (line: number, text: string) => `Corefile:${line} - Error during parsing: ${text}`
  const count = (last: string) =>
    at(3, `Wrong argument count or unexpected line ending after '${last}'`)
  const table: [string, string][] = [
    ['colour blue', at(3, "unknown property 'colour'")],
    ['resyncperiod 5m', at(3, "unknown property 'resyncperiod'")],
    ['upstream 1.1.1.1', at(3, "unknown property 'upstream'")],
    ['constructor', at(3, "unknown property 'constructor'")],
    [
      'pods sometimes',
      'wrong value for pods: sometimes,  must be one of: disabled, verified, insecure',
    ],
    ['pods', count('pods')],
    ['pods a b', count('b')],
    ['endpoint', count('endpoint')],
    ['namespaces', count('namespaces')],
    ['tls a b', count('b')],
    ['labels', count('labels')],
    ['kubeconfig', count('kubeconfig')],
    ['kubeconfig a b c', count('c')],
    ['endpoint_pod_names giant_seed', count('giant_seed')],
    ['noendpoints ixnay', count('ixnay')],
    ['zonal x', count('x')],
    ['ttl', count('ttl')],
    ['ttl x', 'strconv.Atoi: parsing "x": invalid syntax'],
    ['ttl -1', at(3, 'ttl must be in range [0, 3600]: -1')],
    ['ttl 3601', at(3, 'ttl must be in range [0, 3600]: 3601')],
    ['ignore everything', "unable to parse ignore value: 'everything'"],
    ['startup_timeout', count('startup_timeout')],
    ['startup_timeout 5', 'failed to parse startup_timeout: 5, time: missing unit in duration "5"'],
    ['startup_timeout 0s', at(3, 'startup_timeout must be greater than 0: 0s')],
    ['startup_timeout -1s', at(3, 'startup_timeout must be greater than 0: -1s')],
    ['apiserver_qps', count('apiserver_qps')],
    ['apiserver_qps -1', at(3, 'apiserver_qps must be >= 0')],
    [
      'apiserver_qps x',
      at(3, 'invalid apiserver_qps "x": strconv.ParseFloat: parsing "x": invalid syntax'),
    ],
    ['apiserver_burst -1', at(3, 'apiserver_burst must be >= 0')],
    [
      'apiserver_burst 1.5',
      at(3, 'invalid apiserver_burst "1.5": strconv.Atoi: parsing "1.5": invalid syntax'),
    ],
    ['apiserver_max_inflight -1', at(3, 'apiserver_max_inflight must be >= 0')],
    [
      'labels "a==b=c,,"',
      "unable to parse label selector value: 'a==b=c,,': couldn't parse the selector string \"a==b=c,,\": found '=', expected: ',' or 'end of string'",
    ],
    [
      'namespaces a\nnamespace_labels b=c',
      at(5, 'namespaces and namespace_labels cannot both be set'),
    ],
    ['zonal\nnoendpoints', at(5, 'zonal requires the endpoint cache; remove noendpoints')],
    [
      'multicluster other.local',
      at(
        4,
        'is not authoritative for the multicluster zone other.local. (authoritative zones: [cluster.local.])',
      ),
    ],
  ]
  for (const [line, expected] of table) {
    t.equal(error(`kubernetes cluster.local {\n${line}\n}`), expected, line)
  }
  t.match(
    error('kubernetes {\nnamespace_labels a=b=c\n}'),
    "unable to parse namespace_label selector value: 'a=b=c': ",
  )
})

t.test(
  'a second directive in the block is one too many, and a cluster must be within reach',
  async (t) => {
    t.equal(module.once, true)
    t.match(
      await mistake('kubernetes cluster.local', [module]),
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
    t.match(
      await mistake('kubernetes cluster.local {\n kubeconfig /no/such/file\n}', [module]),
      'stat /no/such/file: no such file or directory',
    )
  },
)
