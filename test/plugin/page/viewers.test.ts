import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { MAX_UNSENT_OCTETS, type Viewer, Viewers } from '../../../src/plugin/page/viewers.ts'

t.test('a viewer that does not read is cut off, and the others go on', async (t) => {
  const viewers = new Viewers()
  const admitted: Viewer[] = []
  const server = createServer((_request, response) => {
    const viewer = viewers.admit(response)
    if (viewer !== undefined) admitted.push(viewer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = async () => {
    const [socket, before] = [connect(port, '127.0.0.1'), viewers.count]
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    while (viewers.count === before) await new Promise(setImmediate)
    return socket
  }
  const slow = (await ask()).pause()
  const quick = await ask()
  t.teardown(() => {
    slow.destroy()
    quick.destroy()
    server.close()
  })
  let read = 0
  quick.on('data', (data) => {
    read += data.length
  })
  const [one] = admitted
  const ended = new Promise<void>((resolve) => one?.onEnd(resolve))
  const data = 'x'.repeat(MAX_UNSENT_OCTETS / 4)
  let sent = 0
  while (viewers.count === 2 && sent < 200) {
    const from = read
    viewers.send('figures', data)
    sent++
    // The quick one has read it before the next.
    while (read < from + data.length) await new Promise(setImmediate)
  }
  t.equal(viewers.count, 1)
  await ended
  const from = read
  viewers.send('figures', 'more')
  while (read === from) await new Promise(setImmediate)
  t.ok(read > from)
  viewers.close()
  await once(quick, 'end')
  t.equal(viewers.count, 0)
})
