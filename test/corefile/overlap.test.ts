import t from 'tap'
import { checkOverlap, type Listener } from '../../src/corefile/overlap.ts'

function listener(zone: string, address = '', filtered = false): Listener {
  return { zone, port: 53, transport: 'dns', address, filtered }
}

t.test('zones, ports, transports and addresses that differ live together', async (t) => {
  const listeners = [
    listener('.'),
    listener('a.test.'),
    { ...listener('.'), port: 54 },
    { ...listener('.'), transport: 'tls' as const },
    listener('b.test.', '127.0.0.1'),
    listener('b.test.', '127.0.0.2'),
  ]
  t.doesNotThrow(() => checkOverlap(listeners))
})

t.test('a zone is served once on a listener', async (t) => {
  t.throws(() => checkOverlap([listener('.'), listener('.')]), {
    message: 'cannot serve dns://.:53 - it is already defined',
  })
  t.throws(() => checkOverlap([listener('.', '::1'), listener('.', '::1')]), {
    message: 'cannot serve dns://.:53 on ::1 - it is already defined',
  })
})

t.test('all addresses and one address overlap', async (t) => {
  t.throws(() => checkOverlap([listener('.'), listener('.', '127.0.0.1')]), {
    message:
      'cannot serve dns://.:53 on 127.0.0.1 - zone overlap listener capacity with dns://.:53',
  })
  const bound = [listener('.', '127.0.0.1'), listener('.', '127.0.0.2'), listener('.')]
  t.throws(() => checkOverlap(bound), {
    message:
      'cannot serve dns://.:53 - zone overlap listener capacity with dns://.:53 on 127.0.0.2',
  })
})

t.test(
  'blocks that choose their queries share a zone, but not another listener of it',
  async (t) => {
    const view = listener('.', '', true)
    t.doesNotThrow(() => checkOverlap([view, view, listener('.'), view]))
    t.throws(() => checkOverlap([listener('.', '127.0.0.1'), view]), {
      message:
        'cannot serve dns://.:53 - zone overlap listener capacity with dns://.:53 on 127.0.0.1',
    })
  },
)
