import t from 'tap'
import { equal, jsonPatch, mergePatch } from '../../src/sandbox/patch.ts'
import { rootType } from '../../src/sandbox/schema.ts'
import { strategicMergePatch } from '../../src/sandbox/strategic.ts'
import fc from '../fast-check.ts'

// RFC 7386, appendix A.
const MERGES: [unknown, unknown, unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

t.test('merge patches do what RFC 7386 shows', async (t) => {
  for (const [target, patch, result] of MERGES) t.same(mergePatch(target, patch), result)
})

t.test('JSON patches do what RFC 6902 shows', async (t) => {
  const add = { op: 'add', path: '/foo/1', value: 'qux' }
  t.same(jsonPatch({ foo: ['bar', 'baz'] }, [add]), { foo: ['bar', 'qux', 'baz'] })
  const end = { op: 'add', path: '/foo/-', value: ['abc'] }
  t.same(jsonPatch({ foo: ['bar'] }, [end]), { foo: ['bar', ['abc']] })
  const move = { op: 'move', from: '/foo/waldo', path: '/qux/thud' }
  const moved = jsonPatch({ foo: { bar: 1, waldo: 'fred' }, qux: {} }, [move])
  t.same(moved, { foo: { bar: 1 }, qux: { thud: 'fred' } })
  t.same(jsonPatch({ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }]), {
    '/': 9,
    '~1': 10,
  })
  t.same(jsonPatch({ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }]), { b: 2 })
})

t.test('a JSON patch that does not apply is refused whole', async (t) => {
  const refusals = [
    { op: 'test', path: '/a', value: 2 },
    { op: 'remove', path: '/b' },
    { op: 'replace', path: '/b', value: 1 },
    { op: 'add', path: '/list/3', value: 1 },
    { op: 'add', path: '/list/01', value: 1 },
  ]
  for (const one of refusals) {
    t.throws(() => jsonPatch({ a: 1, list: [] }, [one]), {
      message: /the server rejected our request/,
    })
  }
  t.throws(() => jsonPatch({}, { op: 'add' }), { message: /cannot unmarshal/ })
})

t.test('no JSON patch changes its target', async () => {
  const pointer = fc.constantFrom('/a', '/a/b', '/l/0', '/l/-', '', '/__proto__/x')
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
    path: pointer,
    from: pointer,
    value: fc.jsonValue(),
  })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5 }), (patch) => {
      const target = { a: { b: 1 }, l: [1, 2] }
      try {
        jsonPatch(target, patch)
      } catch {
        // A refusal must leave the target alone just as well.
      }
      return equal(target, { a: { b: 1 }, l: [1, 2] }) && !('x' in Object.prototype)
    }),
  )
})

const SERVICE = rootType('v1', 'Service')
const DEPLOYMENT = rootType('apps/v1', 'Deployment')

t.test('strategic merge tells ports apart by number and containers by name', async (t) => {
  const service = {
    spec: {
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'b' },
      ],
      selector: { app: 'x' },
    },
  }
  const patch = { spec: { ports: [{ port: 81, name: 'c' }], selector: { tier: 'y' } } }
  t.same(strategicMergePatch(service, patch, SERVICE), {
    spec: {
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'c' },
      ],
      selector: { app: 'x', tier: 'y' },
    },
  })
  const containers = [{ name: 'a', image: '1', env: [{ name: 'X', value: '1' }] }]
  const live = { spec: { template: { spec: { containers } } } }
  const change = { name: 'a', image: '2', env: [{ name: 'Y', value: '2' }] }
  const patched = strategicMergePatch(
    live,
    { spec: { template: { spec: { containers: [change] } } } },
    DEPLOYMENT,
  )
  t.same(patched.spec.template.spec.containers, [
    {
      name: 'a',
      image: '2',
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
    },
  ])
})

t.test('strategic merge obeys its directives', async (t) => {
  const ports = [{ port: 80 }, { port: 81 }]
  const live = { spec: { ports } }
  const removed = { spec: { ports: [{ port: 80, $patch: 'delete' }] } }
  t.same(strategicMergePatch(live, removed, SERVICE), { spec: { ports: [{ port: 81 }] } })
  const replaced = { spec: { ports: [{ port: 9 }, { $patch: 'replace' }] } }
  t.same(strategicMergePatch(live, replaced, SERVICE), { spec: { ports: [{ port: 9 }] } })
  const order = {
    spec: {
      ports: [{ port: 79 }],
      '$setElementOrder/ports': [{ port: 79 }, { port: 81 }, { port: 80 }],
    },
  }
  t.same(strategicMergePatch(live, order, SERVICE), {
    spec: { ports: [{ port: 79 }, { port: 81 }, { port: 80 }] },
  })
  const retained = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
  t.same(
    strategicMergePatch(
      { spec: { strategy: { type: 'R', rollingUpdate: {} } } },
      retained,
      DEPLOYMENT,
    ),
    { spec: { strategy: { type: 'Recreate' } } },
  )
  const finalizers = { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }
  t.same(strategicMergePatch({ metadata: { finalizers: ['a', 'b'] } }, finalizers, SERVICE), {
    metadata: { finalizers: ['b'] },
  })
})
