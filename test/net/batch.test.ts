import { SocketAddress } from 'node:net'
import t from 'tap'
import { Batch } from '../../src/net/batch.ts'
import { clientOf } from '../../src/net/peers.ts'
import { RingReader, RingWriter, ringMemory } from '../../src/net/ring.ts'
import { addressOctets, ipv6Text, isMapped, sockaddr } from '../../src/net/sockaddr.ts'
import { bindSockets, kernelDrops, retire } from '../../src/net/sockets.ts'
import { C, loadSyscalls } from '../../src/net/syscalls.ts'
import fc from '../fast-check.ts'
import { freePort } from '../ports.ts'
import { until } from '../until.ts'
import { fill } from './arrival.ts'
import { UdpClient } from './clients.ts'

const syscalls = loadSyscalls()

if (typeof syscalls !== 'string') {
  const open = async (receiveBufferOctets = 1 << 20) => {
    const port = await freePort()
    const place = { host: '127.0.0.1', port, receiveBufferOctets }
    const group = bindSockets(syscalls, { ...place, count: 1 })
    return { group, port, syscalls, descriptor: group.descriptors[0] as number }
  }

  t.test('an answer that cannot be sent costs none of the others', async (t) => {
    const socket = await open()
    const { descriptor } = socket
    t.teardown(() => syscalls.close(descriptor))
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    const messages = Array.from({ length: 5 }, (_, id) => Buffer.from([0, id, 9]))
    await fill(socket, client, messages)
    const batch = new Batch(syscalls)
    t.equal(batch.receive(descriptor, C.MSG_WAITFORONE), 5)
    for (const slot of [0, 3]) batch.bytes.fill(0, batch.nameAt(slot) + 2, batch.nameAt(slot) + 4)
    t.notOk(batch.hasPort(0))
    for (let slot = 0; slot < 5; slot++) batch.queue(slot, batch.octets(slot))
    t.equal(batch.send(descriptor), 3)
    t.equal(batch.unsent, 2)
    t.equal(await client.collected(3), 3)
    t.strictSame([...client.answers.keys()].sort(), [1, 2, 4])
    batch.reset(5)
    await fill(socket, client, [Buffer.from([0, 7])])
    t.equal(batch.receive(descriptor, C.MSG_WAITFORONE), 1, 'lengths are as they were')
    t.equal(batch.octets(0), 2)
  })

  t.test('waiting ends by itself, and what is not there is not read', async (t) => {
    const { descriptor } = await open()
    t.teardown(() => syscalls.close(descriptor))
    const batch = new Batch(syscalls)
    const received = batch.receive(descriptor, C.MSG_WAITFORONE)
    const errno = syscalls.errno()
    t.equal(received, -1)
    t.equal(errno, C.EAGAIN)
  })

  t.test('a retired socket keeps what it has and takes nothing new', async (t) => {
    const socket = await open()
    const { group, descriptor, port } = socket
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    await fill(socket, client, [Buffer.from([0, 1])])
    retire(syscalls, descriptor, group)
    await client.send(Buffer.from([0, 2]), port)
    const batch = new Batch(syscalls)
    t.equal(batch.receive(descriptor, C.MSG_DONTWAIT), 1)
    t.equal(batch.bytes[batch.packetAt(0) + 1], 1)
    batch.queue(0, 2)
    t.equal(batch.send(descriptor), 1, 'and can still answer')
    t.equal(await client.collected(1), 1)
    syscalls.close(descriptor)
  })

  t.test('what the kernel threw away is known', async (t) => {
    const { descriptor, port } = await open(4096)
    t.teardown(() => syscalls.close(descriptor))
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    for (let i = 0; i < 100; i++) await client.send(Buffer.alloc(400), port)
    await until(() => kernelDrops(syscalls, descriptor) > 50)
    t.ok(kernelDrops(syscalls, descriptor) > 50)
  })

  t.test('a port that another socket shares is taken all the same', async (t) => {
    const { descriptor, port } = await open()
    t.teardown(() => syscalls.close(descriptor))
    t.throws(() => bindSockets(syscalls, { host: '127.0.0.1', port, count: 2 }), {
      message: `ListenPacket: listen udp 127.0.0.1:${port}: bind: address already in use`,
    })
  })
}

t.test('addresses are written as the operating system writes them', async () => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
      .map((o) => Uint8Array.from(o)),
  )
  fc.assert(
    fc.property(octets, (address) => {
      const text = ipv6Text(address, 0)
      if (isMapped(address, 0)) return text === `${address.slice(12).join('.')}`
      const words = [...address].map((octet) => octet.toString(16).padStart(2, '0')).join('')
      const plain = (words.match(/.{4}/g) as string[]).join(':')
      const url = new URL(`http://[${plain}]/`).hostname.slice(1, -1)
      return text === url && Buffer.from(addressOctets(text)).equals(address)
    }),
  )
})

t.test('a socket address tells its client', async (t) => {
  for (const [address, port, shown] of [
    ['192.0.2.7', 53, '192.0.2.7'],
    ['2001:db8::1', 65535, '2001:db8::1'],
    ['::ffff:192.0.2.7', 1, '192.0.2.7'],
  ] as const) {
    const octets = sockaddr(address, port)
    const client = clientOf(octets, 0, octets.length)
    t.equal(client.address, shown)
    t.equal(client.port, port)
    t.ok(new SocketAddress({ address: shown, family: shown.includes(':') ? 'ipv6' : 'ipv4' }))
  }
})

t.test(
  'a ring gives back what was put into it, in order, and nothing that was not shown',
  async () => {
    const steps = fc.array(fc.oneof(fc.nat(200), fc.constantFrom(-1, -2)), { maxLength: 300 })
    fc.assert(
      fc.property(steps, (list) => {
        const memory = ringMemory(1024)
        const writer = new RingWriter(memory)
        const reader = new RingReader(memory)
        const written: number[] = []
        const shown: number[] = []
        let next = 0
        for (const step of list) {
          if (step === -1) {
            writer.commit()
            shown.push(...written.splice(0))
          } else if (step === -2) {
            const at = reader.read()
            if (at < 0) {
              if (shown.length > 0) return false
              continue
            }
            if (reader.words[at >> 2] !== shown.shift()) return false
            reader.release()
          } else {
            const at = writer.reserve(4 + step)
            if (at < 0) continue
            writer.words[at >> 2] = next
            writer.bytes.fill(0xff, at + 4, at + 4 + step)
            written.push(next++)
          }
        }
        return true
      }),
    )
  },
)

t.test('a full ring takes nothing until there is room', async (t) => {
  const memory = ringMemory(256)
  const writer = new RingWriter(memory)
  const reader = new RingReader(memory)
  let count = 0
  while (writer.reserve(20) >= 0) count++
  t.equal(count, 10)
  writer.commit()
  reader.read()
  reader.release()
  t.ok(writer.reserve(10) >= 0)
  t.ok(writer.reserve(20) >= 0)
  t.equal(writer.reserve(1), -1)
})
