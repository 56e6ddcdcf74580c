import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { namesIn, registeredNames } from './metric-names.ts'
import { family, selected } from './promql.ts'
import { deploy, type KubeObject } from './rendered.ts'

/** What Prometheus adds to each scrape. */
const OF_PROMETHEUS = ['up']
/** What is asked for and not exported yet. */
const TO_COME: readonly string[] = []
/** What Grafana fills in. */
const VARIABLES: Readonly<Record<string, string>> = {
  $__rate_interval: '5m',
  $job: 'kube-dns',
  $instance: '.+',
}

const read = (file: string) => readFileSync(join(deploy, file), 'utf8')
const registered = registeredNames()
const rules: KubeObject[] = parse(read('monitoring/alerts.yaml')).groups.flatMap(
  (group: KubeObject) => group.rules,
)
const dashboard: KubeObject = JSON.parse(read('monitoring/dashboard.json'))
const panels: KubeObject[] = dashboard.panels.filter(({ type }: KubeObject) => type !== 'row')
const adapter: KubeObject[] = parse(read('monitoring/prometheus-adapter.yaml')).rules.custom
const hpa: KubeObject = parse(read('components/hpa/hpa.yaml'))

function filledIn(expression: string): string {
  return expression.replace(/\$\w+/g, (variable) => VARIABLES[variable] ?? 'unknown variable!')
}

const expressions = [
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr]),
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }: KubeObject) => [`panel ${title}`, filledIn(expr)]),
  ),
] as [string, string][]

t.test('names are found in the source, whole ones and made ones', async (t) => {
  t.strictSame(
    namesIn(`metrics.counter('coredns_a_total', 'Help.')
      const plain = (word: string, help: string) =>
        metrics.counter(\`coredns_b_\${word}_total\`, help)
      return { hits: plain('hits', ''), misses: plain(
        'misses', '') }`),
    ['coredns_a_total', 'coredns_b_hits_total', 'coredns_b_misses_total'],
  )
  t.ok(registered.has('coredns_dns_requests_total') && registered.has('process_open_fds'))
})

t.test('alerts and panels ask for metrics that the servers have', async (t) => {
  t.ok(rules.length > 10 && panels.length > 20)
  for (const [where, expression] of expressions) {
    const names = selected(expression)
    t.not(names.length, 0, where)
    for (const name of names) {
      if (!OF_PROMETHEUS.includes(name)) assertRegistered(t, family(name), where)
    }
  }
})

t.test('the variables of the dashboard ask for metrics that the servers have', async (t) => {
  for (const { type, query } of dashboard.templating.list) {
    if (type !== 'query') continue
    const name = /^label_values\((\w+)/.exec(query.query)?.[1]
    t.ok(name !== undefined && registered.has(name), query.query)
  }
})

t.test(
  'the autoscaler goes by a metric that the servers have and the adapter hands on',
  async (t) => {
    const [pods] = hpa.spec.metrics.filter(({ type }: KubeObject) => type === 'Pods')
    const { name } = pods.pods.metric
    assertRegistered(t, name, 'the autoscaler')
    t.ok(adapter.some((rule) => rule.name.as === name && selected(rule.seriesQuery).includes(name)))
  },
)

t.test('panels lie side by side, each with its own number', async (t) => {
  const all: KubeObject[] = dashboard.panels
  t.equal(new Set(all.map(({ id }) => id)).size, all.length)
  const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  )
  t.equal(new Set(cells).size, cells.length, 'none covers another')
  t.ok(all.every(({ gridPos: { x, w } }) => x + w <= 24))
})

t.test('each alert says how bad it is, what is the matter and what to do', async (t) => {
  for (const { alert, labels, annotations } of rules) {
    t.match(labels.severity, /^(warning|critical)$/, alert)
    t.ok(annotations.summary.length > 20 && annotations.description.length > 40, alert)
  }
})

function assertRegistered(t: Test, name: string, where: string): void {
  const todo = TO_COME.includes(name) && !registered.has(name)
  t.ok(registered.has(name), `${where}: ${name}`, { todo })
}
