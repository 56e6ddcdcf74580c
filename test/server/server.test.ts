import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import { name } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import { askByTcp, askByUdp, framed } from '../parity/exchange.ts'
import { freePort } from '../ports.ts'

const writer = new Writer()

function query(qname: string, id = 7): Buffer {
  const question = { qname: name(qname), qtype: 1, qclass: 1 }
  const none = { answer: [], authority: [], additional: [], opt: undefined }
  return Buffer.from(writer.write({ id, flags: 0x0100, question, ...none }, 512))
}

async function rcodeOf(port: number, qname: string): Promise<number | undefined> {
  const [answer] = await askByUdp({ to: '127.0.0.1', port, timeoutMs: 20_000 }, [query(qname)], 1)
  return answer && readMessage(answer).flags & 15
}

function serverOf(t: { teardown(run: () => Promise<void>): void }, text: () => string) {
  const log: string[] = []
  const printed: string[] = []
  const server = new Server({
    log: createLogger({ write: (line) => void log.push(line) }),
    environment: {},
    workingDirectory: '/',
    print: (line) => void printed.push(line),
  })
  t.teardown(() => server.stop())
  return {
    server,
    log,
    printed,
    start: () => server.start(() => ({ text: text(), path: 'Corefile' })),
  }
}

t.test('a name is answered over UDP and TCP, and one of no zone is refused', async (t) => {
  const port = await freePort()
  const { printed, start } = serverOf(
    t,
    () => `Example.org:${port} {\n bind 127.0.0.1\n whoami\n}\n`,
  )
  await start()
  t.strictSame(printed, [`example.org.:${port} on 127.0.0.1`])
  t.equal(await rcodeOf(port, 'a.EXAMPLE.org'), 0)
  t.equal(await rcodeOf(port, 'a.example.com'), 5)
  const [answer] = await askByTcp(
    { to: '127.0.0.1', port, timeoutMs: 20_000 },
    [framed(query('a.example.org', 9))],
    (messages) => messages.length > 0,
  )
  t.equal(answer?.readUInt16BE(0), 9)
})

t.test('a changed Corefile takes over on the same sockets, and a bad one is refused', async (t) => {
  const port = await freePort()
  const corefile = (zone: string) => `${zone}:${port} {\n bind 127.0.0.1\n whoami\n}\n`
  let text = corefile('one.test')
  const { server, log, start } = serverOf(t, () => text)
  await start()
  text = corefile('two.test')
  await server.reload(false)
  t.equal(await rcodeOf(port, 'a.two.test'), 0)
  t.equal(await rcodeOf(port, 'a.one.test'), 5)
  text = `${corefile('three.test')} . {\n teleport\n}\n`
  await t.rejects(server.reload(false), { message: /Corefile:6 - .*Unknown directive 'teleport'/ })
  t.equal(await rcodeOf(port, 'a.two.test'), 0, 'the old one serves on')
  t.ok(log.some((line) => line.startsWith('[ERROR] Restart failed: ')))
})

t.test('a Corefile whose form is wrong is not taken for a reload that failed', async (t) => {
  const port = await freePort()
  const good = `.:${port} {\n bind 127.0.0.1\n whoami\n}\n`
  let text = good
  const { server, log, start } = serverOf(t, () => text)
  await start()
  text = `${good}. {`
  for (let look = 0; look < 2; look++) {
    await t.rejects(server.reload(false), { name: 'UnreadableCorefile' }, 'at each look')
  }
  t.strictSame(log, [])
  await t.rejects(server.reload(true), { name: 'CorefileError' })
  t.match(log[1], /^\[ERROR\] Restart failed: Corefile:5 - Syntax error: /)
})

t.test('a Corefile that an editor has just emptied ends nothing', async (t) => {
  const port = await freePort()
  let text = `.:${port} {\n bind 127.0.0.1\n whoami\n}\n`
  const { server, log, start } = serverOf(t, () => text)
  await start()
  for (text of ['', '# nothing but this\n']) {
    await t.rejects(server.reload(true), { message: /no server block/ })
  }
  t.match(log[1], '[ERROR] Restart failed: Corefile: there is no server block in it')
  t.equal(await rcodeOf(port, 'a.example'), 0)
})

t.test('what was refused is tried again once something else stood there meanwhile', async (t) => {
  const port = await freePort()
  const good = `.:${port} {\n bind 127.0.0.1\n whoami\n}\n`
  const bad = `${good}a.test {\n teleport\n}\n`
  let text = good
  const { server, start } = serverOf(t, () => text)
  await start()
  text = bad
  await t.rejects(server.reload(false))
  await server.reload(false)
  text = good
  await server.reload(false)
  text = bad
  await t.rejects(server.reload(false))
})

t.test('a server that is told to end does not wait for a reload', async (t) => {
  const port = await freePort()
  // An API server that takes connections and says nothing.
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port: api } = silent.address() as AddressInfo
  const good = `.:${port} {\n bind 127.0.0.1\n whoami\n}\n`
  let text = good
  const { server, log, start } = serverOf(t, () => text)
  await start()
  text = `${good}cluster.local:${port} {\n bind 127.0.0.1\n kubernetes {\n  endpoint http://127.0.0.1:${api}\n  startup_timeout 1h\n }\n}\n`
  const waiting = once(silent, 'connection')
  const reload = server.reload(true)
  await waiting
  const began = performance.now()
  await server.stop()
  await reload
  t.ok(performance.now() - began < 60_000)
  t.notOk(log.some((line) => line.startsWith('[ERROR]')))
})

t.test('no query is lost while Corefiles change', async (t) => {
  const port = await freePort()
  let turn = 0
  const { server, start } = serverOf(
    t,
    () => `.:${port} {\n bind 127.0.0.1\n whoami\n${turn % 2 ? ' errors\n' : ''}}\n`,
  )
  await start()
  const answered = Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i))
      return rcodeOf(port, `n${i}.test`)
    }),
  )
  for (turn = 1; turn <= 10; turn++) await server.reload(false)
  t.equal((await answered).filter((rcode) => rcode !== 0).length, 0)
})

t.test('a port in use for UDP or for TCP is one clear error, and nothing stays open', async (t) => {
  const port = await freePort()
  const udp = createSocket('udp4')
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  const text = `.:${port} {\n bind 127.0.0.1\n whoami\n}\n`
  const first = serverOf(t, () => text)
  await t.rejects(first.start(), { message: /bind: address already in use/ })
  udp.close()
  await once(udp, 'close')
  const tcp = createServer().listen(port, '127.0.0.1')
  await once(tcp, 'listening')
  await t.rejects(serverOf(t, () => text).start(), { message: /bind: address already in use/ })
  tcp.close()
  await once(tcp, 'close')
  await serverOf(t, () => text).start()
  t.equal(await rcodeOf(port, 'a.test'), 0)
})

t.test('mistakes of several blocks: the first by the order of the chain is reported', async (t) => {
  const text = '. {\n whoami please\n}\na.test {\n errors {\n  consolidate\n }\n}\n'
  await t.rejects(serverOf(t, () => text).start(), { message: /^plugin\/errors: Corefile:6/ })
})
