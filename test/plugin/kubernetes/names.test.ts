import t from 'tap'
import { type NameParts, parseName } from '../../../src/plugin/kubernetes/names.ts'
import { name } from '../../../src/wire/name.ts'

const ZONE = name('cluster.local.')

function parts(text: string, grammar = { multicluster: false, zonal: false }): string {
  const folded = name(`${text === '' ? '' : `${text}.`}cluster.local.`)
  const parsed = parseName(folded, folded.length - ZONE.length, grammar) as NameParts
  const { kind, port, protocol, endpoint, cluster, zone, service, namespace } = parsed
  const words = { port, protocol, endpoint, cluster, zone, service, namespace }
  const told = Object.entries(words).filter(([, value]) => value !== '')
  return [kind, ...told.map(([word, value]) => `${word}=${value}`)].join(' ')
}

t.test('labels left of the zone are read from right to left', async (t) => {
  const table: [string, string][] = [
    ['', 'empty'],
    ['svc', 'empty'],
    ['pod', 'empty'],
    ['foo', 'invalid'],
    ['a.foo', 'invalid'],
    ['ns1.svc', 'svc namespace=ns1'],
    ['ns1.pod', 'pod namespace=ns1'],
    ['ns1.pood', 'invalid'],
    ['svc1.ns1.svc', 'svc service=svc1 namespace=ns1'],
    ['ep.svc1.ns1.svc', 'svc endpoint=ep service=svc1 namespace=ns1'],
    ['_http.svc1.ns1.svc', 'svc endpoint=_http service=svc1 namespace=ns1'],
    ['_http._tcp.svc1.ns1.svc', 'svc port=http protocol=tcp service=svc1 namespace=ns1'],
    ['http.tcp.svc1.ns1.svc', 'svc port=http protocol=tcp service=svc1 namespace=ns1'],
    ['_._tcp.svc1.ns1.svc', 'svc protocol=tcp service=svc1 namespace=ns1'],
    ['__http._tcp.svc1.ns1.svc', 'svc port=_http protocol=tcp service=svc1 namespace=ns1'],
    ['*.any.svc1.ns1.svc', 'svc port=* protocol=any service=svc1 namespace=ns1'],
    ['a.b.c.svc1.ns1.svc', 'invalid service=svc1 namespace=ns1'],
    ['a.pin._zone.svc1.ns1.svc', 'invalid service=svc1 namespace=ns1'],
    ['x.y.10-0-0-1.ns1.pod', 'pod port=x protocol=y service=10-0-0-1 namespace=ns1'],
  ]
  for (const [text, expected] of table) t.equal(parts(text), expected, text)
})

t.test(
  'a label with a dot in it is never taken for two, nor for an object with a dot',
  async (t) => {
    t.equal(parts('a\\.b.ns1.svc'), 'svc service=a\\.b namespace=ns1')
  },
)

t.test(
  'in a clusterset zone two labels are an endpoint and its cluster, unless either has an underscore',
  async (t) => {
    const grammar = { multicluster: true, zonal: true }
    t.equal(parts('ep.east.s.n.svc', grammar), 'svc endpoint=ep cluster=east service=s namespace=n')
    t.equal(
      parts('_http._tcp.s.n.svc', grammar),
      'svc port=http protocol=tcp service=s namespace=n',
    )
    t.equal(parts('http._tcp.s.n.svc', grammar), 'svc port=http protocol=tcp service=s namespace=n')
    t.equal(parts('a.pin._zone.s.n.svc', grammar), 'invalid service=s namespace=n')
  },
)

t.test('zonal names hold a topology zone of any number of labels', async (t) => {
  const grammar = { multicluster: false, zonal: true }
  const table: [string, string][] = [
    ['a.pin._zone.s.n.svc', 'svc zone=a service=s namespace=n'],
    ['eu.west.prefer._zone.s.n.svc', 'svc zone=eu.west service=s namespace=n'],
    ['a.nix._zone.s.n.svc', 'invalid service=s namespace=n'],
    ['a.pin._zone.s.n.pod', 'invalid service=s namespace=n'],
    ['pin._zone.s.n.svc', 'svc port=pin protocol=zone service=s namespace=n'],
    ['a.b.c.s.n.svc', 'invalid service=s namespace=n'],
  ]
  for (const [text, expected] of table) t.equal(parts(text, grammar), expected, text)
})

t.test('a zone that ends inside a label is not above the name', async (t) => {
  const odd = name('xx\\005local.')
  t.equal(
    parseName(odd, odd.length - name('local.').length, { multicluster: false, zonal: false }),
    undefined,
  )
})
