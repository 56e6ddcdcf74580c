import t from 'tap'
import { decodeProtobuf } from '../../src/sandbox/protobuf.ts'
import fc from '../fast-check.ts'

const message = (...fields: (string | number | Buffer)[][]): Buffer =>
  Buffer.concat(
    fields.map(([number, value]) => {
      const tag = (wire: number) => {
        const bits = ((number as number) << 3) | wire
        return Buffer.from(bits < 128 ? [bits] : [(bits & 127) | 128, bits >> 7])
      }
      if (typeof value === 'number') return Buffer.concat([tag(0), Buffer.from([value])])
      const octets = Buffer.from(value as string)
      return Buffer.concat([tag(2), Buffer.from([octets.length]), octets])
    }),
  )

const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), message([1, message([1, apiVersion], [2, kind])], [2, raw])])

t.test(
  'a Service: nested structures, maps, ports that are numbers or names, zeros left out',
  async (t) => {
    const port = (target: Buffer) => message([1, 'http'], [2, ''], [3, 80], [4, target], [5, 0])
    const spec = message(
      [1, port(message([1, 0], [2, 90], [3, '']))],
      [1, port(message([1, 1], [2, 0], [3, 'web']))],
      [2, message([1, 'app'], [2, 'web'])],
      [3, ''],
      [13, 0],
      [20, 0],
    )
    const metadata = message([1, 'made'], [3, ''], [8, message()])
    t.same(decodeProtobuf(envelope('v1', 'Service', message([1, metadata], [2, spec]))), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'made' },
      spec: {
        ports: [
          { name: 'http', port: 80, targetPort: 90 },
          { name: 'http', port: 80, targetPort: 'web' },
        ],
        selector: { app: 'web' },
        allocateLoadBalancerNodePorts: false,
      },
    })
  },
)

t.test('what is no Kubernetes protobuf, or of a kind that is not served, is refused', async (t) => {
  t.throws(() => decodeProtobuf(Buffer.from('{}')), { message: /does not begin/ })
  t.throws(() => decodeProtobuf(envelope('v1', 'Secret', message())), {
    message: /no kind "Secret"/,
  })
  t.throws(() => decodeProtobuf(Buffer.from('k8s\0\x0a\xff')), { name: 'ApiError' })
})

t.test('any octets give an object or a refusal', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      try {
        decodeProtobuf(envelope('v1', 'Pod', Buffer.from(octets.subarray(0, 120))))
      } catch (error) {
        return (error as Error).name === 'ApiError'
      }
      return true
    }),
  )
})
