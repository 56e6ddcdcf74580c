import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { HttpListeners, MAX_CONNECTIONS } from '../../src/admin/http.ts'
import { until } from '../until.ts'

const ADDRESS = '127.0.0.1:0'
const HALF_A_REQUEST = 'GET /x HTTP/1.1\r\nHost: localhost\r\n'

/** A client that sends what it is told, and notes what comes back. */
async function client(port: number, text: string): Promise<{ socket: Socket; got: () => string }> {
  const socket = connect({ host: '127.0.0.1', port })
  let got = ''
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString()
  })
  await once(socket, 'connect')
  socket.write(text)
  return { socket, got: () => got }
}

async function open(): Promise<{ port: number; finish: () => void; close: () => Promise<void> }> {
  const http = new HttpListeners()
  const waiting: (() => void)[] = []
  const removals = [
    await http.add(ADDRESS, '/health', (_request, response) => void response.end('OK')),
    await http.add(ADDRESS, '/slow', (_request, response) => {
      response.write('begun')
      waiting.push(() => response.end())
    }),
  ]
  return {
    port: http.port(ADDRESS) as number,
    finish: () => waiting.forEach((end) => void end()),
    close: async () => {
      for (const remove of removals) await remove()
    },
  }
}

t.test('connections that never finish a request keep nobody out', async (t) => {
  const { port, finish, close } = await open()
  const slow = await client(port, 'GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
  while (!slow.got().includes('begun')) await new Promise((turn) => setTimeout(turn, 5))
  const stalled: Socket[] = []
  for (let i = 0; i < MAX_CONNECTIONS + 50; i++) {
    stalled.push((await client(port, HALF_A_REQUEST)).socket)
  }
  for (let i = 0; i < 10; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`)
    t.equal(await answer.text(), 'OK')
  }
  t.notOk(slow.socket.destroyed, 'who is being answered stays')
  const ended = () => stalled.filter((socket) => socket.destroyed || socket.readableEnded).length
  await until(() => ended() >= 50)
  t.ok(ended() >= 50)
  finish()
  for (const socket of [slow.socket, ...stalled]) socket.destroy()
  await close()
})

t.test('who has asked before stays longer than who never has', async (t) => {
  const { port, close } = await open()
  const regular = await client(port, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
  while (!regular.got().includes('OK')) await new Promise((turn) => setTimeout(turn, 5))
  const stalled: Socket[] = []
  for (let i = 0; i < MAX_CONNECTIONS + 50; i++) {
    stalled.push((await client(port, HALF_A_REQUEST)).socket)
  }
  regular.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
  while (regular.got().split('OK').length < 3 && !regular.socket.destroyed) {
    await new Promise((turn) => setTimeout(turn, 5))
  }
  t.equal(regular.got().split('OK').length, 3)
  for (const socket of [regular.socket, ...stalled]) socket.destroy()
  await close()
})
