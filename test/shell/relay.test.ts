import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket as Stream } from 'node:net'
import t, { type Test } from 'tap'
import { MAX_CLIENTS, MAX_STREAMS, relayDatagrams, relayStreams } from '../../src/shell/relay.ts'
import { until } from '../until.ts'

const HOST = '127.0.0.1'

async function datagrams(t: Test): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, HOST)
  await once(socket, 'listening')
  t.teardown(() => {
    try {
      socket.close()
    } catch {
      // The test closed it.
    }
  })
  return socket
}

async function streams(t: Test, accept: (stream: Stream) => void): Promise<Server> {
  const server = createServer(accept).listen(0, HOST)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return server
}

const portOf = (socket: Socket | Server) => (socket.address() as { port: number }).port

/** A server that answers with its question, upside down, and how many sockets have asked it. */
async function echo(t: Test): Promise<{ port: number; askers: Set<number> }> {
  const socket = await datagrams(t)
  const askers = new Set<number>()
  socket.on('message', (data, { port }) => {
    askers.add(port)
    socket.send(Buffer.from(data).reverse(), port, HOST)
  })
  return { port: portOf(socket), askers }
}

t.test('each client of datagrams gets its own answers', async (t) => {
  const { port } = await echo(t)
  const inside = await datagrams(t)
  relayDatagrams(inside, { address: HOST, port })
  const clients = await Promise.all([datagrams(t), datagrams(t), datagrams(t)])
  const answers = clients.map((client) => once(client, 'message'))
  for (const [index, client] of clients.entries()) client.send(`${index}ab`, portOf(inside), HOST)
  for (const [index, answer] of answers.entries()) {
    const [data, from] = await answer
    t.equal(String(data), `ba${index}`)
    t.equal(from.port, portOf(inside), 'from the address that was asked')
  }
})

t.test('a client that asks twice keeps its socket', async (t) => {
  const { port, askers } = await echo(t)
  const inside = await datagrams(t)
  relayDatagrams(inside, { address: HOST, port }, 10 * 60_000)
  const client = await datagrams(t)
  for (const question of ['a', 'b']) {
    client.send(question, portOf(inside), HOST)
    await once(client, 'message')
  }
  t.equal(askers.size, 1)
})

t.test('beyond the bound the client that has waited longest is forgotten', async (t) => {
  const { port, askers } = await echo(t)
  const inside = await datagrams(t)
  relayDatagrams(inside, { address: HOST, port }, 10 * 60_000)
  const ask = async (client: Socket) => {
    client.send('x', portOf(inside), HOST)
    await once(client, 'message')
  }
  const clients: Socket[] = []
  for (let count = 0; count < MAX_CLIENTS; count++) clients.push(await datagrams(t))
  for (const client of clients) await ask(client)
  const [first, second] = clients as [Socket, Socket]
  await ask(first)
  await ask(await datagrams(t))
  const before = askers.size
  await ask(first)
  t.equal(askers.size, before, 'who asked lately is known')
  await ask(second)
  t.equal(askers.size, before + 1, 'who did not is new')
})

t.test('a client that asks no more is forgotten', async (t) => {
  const { port, askers } = await echo(t)
  const inside = await datagrams(t)
  relayDatagrams(inside, { address: HOST, port }, 5)
  const client = await datagrams(t)
  for (let tries = 0; tries < 100 && askers.size < 2; tries++) {
    client.send('x', portOf(inside), HOST)
    // On a busy machine it may be forgotten before its answer has come.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.equal(askers.size, 2)
})

t.test('a server that is not there costs an answer, and nothing else', async (t) => {
  const inside = await datagrams(t)
  const gone = createSocket('udp4').bind(0, HOST)
  await once(gone, 'listening')
  const port = portOf(gone)
  gone.close()
  relayDatagrams(inside, { address: HOST, port })
  relayStreams(await streams(t, () => {}), { address: HOST, port })
  const client = await datagrams(t)
  for (let count = 0; count < 3; count++) client.send('x', portOf(inside), HOST)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const server = await echo(t)
  const other = await datagrams(t)
  relayDatagrams(other, { address: HOST, port: server.port })
  client.send('xy', portOf(other), HOST)
  t.equal(String((await once(client, 'message'))[0]), 'yx')
})

t.test('connections are joined, and end together', async (t) => {
  const server = await streams(t, (stream) => stream.pipe(stream))
  const inside = await streams(t, () => {})
  relayStreams(inside, { address: HOST, port: portOf(server) })
  const client = connect(portOf(inside), HOST)
  client.write('question')
  t.equal(String((await once(client, 'data'))[0]), 'question')
  client.end()
  await once(client, 'close')
})

t.test('connections beyond the bound are closed, until one ends', async (t) => {
  const server = await streams(t, (stream) => {
    stream.on('error', () => {})
    stream.pipe(stream)
  })
  const inside = await streams(t, () => {})
  relayStreams(inside, { address: HOST, port: portOf(server) })
  const open: Stream[] = []
  const opened = async () => {
    const client = connect(portOf(inside), HOST)
    client.on('error', () => {})
    client.write('x')
    open.push(client)
    return await Promise.race([
      once(client, 'data').then(() => true),
      once(client, 'close').then(() => false),
    ])
  }
  for (let count = 0; count < MAX_STREAMS; count++) t.ok(await opened())
  t.notOk(await opened(), 'one too many')
  const [first] = open as [Stream]
  first.destroy()
  let again = false
  await until(async () => {
    again = await opened()
    return again
  })
  t.ok(again, 'there is room again')
  for (const client of open) client.destroy()
})
