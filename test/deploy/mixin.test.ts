import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { createCluster } from '../../src/sandbox/index.ts'
import { Server } from '../../src/server.ts'
import { name } from '../../src/wire/name.ts'
import { Writer } from '../../src/wire/writer.ts'
import { askByUdp } from '../parity/exchange.ts'
import { freePort } from '../ports.ts'

/**
 * What the alerts and the dashboard of coredns-mixin, and the dashboard of kube-prometheus-stack, ask for, with the labels that they
 * select or group by; as far as CoreDNS itself still has it. It no longer has coredns_forward_requests_total and its like.
 */
const ASKED_FOR: Readonly<Record<string, readonly string[]>> = {
  coredns_build_info: ['version'],
  coredns_cache_entries: ['server', 'type'],
  coredns_cache_hits_total: ['server', 'type'],
  coredns_cache_misses_total: ['server'],
  coredns_dns_request_duration_seconds_bucket: ['server', 'zone', 'le'],
  coredns_dns_request_size_bytes_bucket: ['server', 'zone', 'proto', 'le'],
  coredns_dns_response_size_bytes_bucket: ['server', 'zone', 'proto', 'le'],
  coredns_dns_requests_total: ['server', 'zone', 'type', 'proto'],
  coredns_dns_do_requests_total: ['server', 'zone'],
  coredns_dns_responses_total: ['server', 'zone', 'rcode', 'plugin'],
  coredns_forward_healthcheck_broken_total: [],
  coredns_kubernetes_dns_programming_duration_seconds_bucket: ['service_kind', 'le'],
  coredns_panics_total: [],
  coredns_plugin_enabled: ['server', 'zone', 'name'],
  coredns_proxy_request_duration_seconds_bucket: ['proxy_name', 'to', 'rcode', 'le'],
  process_cpu_seconds_total: [],
  process_resident_memory_bytes: [],
  process_open_fds: [],
  process_max_fds: [],
}

const writer = new Writer()

function query(qname: string, dnssecOk: boolean): Buffer {
  const question = { qname: name(qname), qtype: 1, qclass: 1 }
  const flags = dnssecOk ? 0x8000 : 0
  const opt = { udpSize: 1232, extendedRcode: 0, version: 0, flags, options: [] }
  const none = { answer: [], authority: [], additional: [] }
  return Buffer.from(writer.write({ id: 7, flags: 0x0100, question, ...none, opt }, 512))
}

const ask = (port: number, qname: string, dnssecOk = false) =>
  askByUdp({ to: '127.0.0.1', port, timeoutMs: 20_000 }, [query(qname, dnssecOk)], 1)

t.test(
  'the usual dashboards and alerts find their metrics, under their names and labels',
  async (t) => {
    const cluster = await createCluster()
    t.teardown(() => cluster.close())
    const [dns, upstream, metrics] = [await freePort(), await freePort(), await freePort()]
    const server = new Server({
      log: createLogger({ write: () => {} }),
      environment: {},
      workingDirectory: '/',
    })
    t.teardown(() => server.stop())
    const text = `.:${dns} {
    bind 127.0.0.1
    errors
    prometheus 127.0.0.1:${metrics}
    cache 30
    kubernetes cluster.local {
      endpoint ${cluster.url}
    }
    forward . 127.0.0.1:${upstream}
  }
  .:${upstream} {
    bind 127.0.0.1
    whoami
  }`
    await server.start(() => ({ text, path: 'Corefile' }))
    for (let tries = 1; tries <= 600; tries++) {
      // Again and again: what a slice says is measured only once its Service is known.
      cluster.apply(headless(new Date()))
      await ask(dns, 'web.default.svc.cluster.local', true)
      await ask(dns, 'outside.example')
      const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
      if (missing(text).length === 0 || tries === 600) return t.strictSame(missing(text), [])
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  },
)

/** The metrics that a scrape lacks, or that lack a label. */
function missing(scrape: string): string[] {
  return Object.entries(ASKED_FOR).flatMap(([metric, labels]) => {
    const line = scrape.split('\n').find((line) => new RegExp(`^${metric}[ {]`).test(line))
    if (line === undefined) return [metric]
    return labels
      .filter((label) => !new RegExp(`[{,]${label}="`).test(line))
      .map((l) => `${metric} ${l}`)
  })
}

/** A headless Service with an endpoint, whose controller says when it saw the change. */
function headless(changed: Date) {
  const labels = { 'kubernetes.io/service-name': 'web' }
  const annotations = { 'endpoints.kubernetes.io/last-change-trigger-time': changed.toISOString() }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'default', labels, annotations },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
      ports: [{ port: 80 }],
    },
  ]
}
