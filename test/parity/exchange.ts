import { createSocket, type Socket } from 'node:dgram'
import { get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where and how a message is sent. */
export interface Route {
  readonly to: string
  readonly port: number
  readonly from?: string | undefined
  readonly fromPort?: number | undefined
  readonly timeoutMs: number
}

function open(route: Route): Promise<Socket> {
  const socket = createSocket(route.to.includes(':') ? 'udp6' : 'udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port: route.fromPort ?? 0, ...(route.from && { address: route.from }) }, () =>
      resolve(socket),
    )
  })
}

/** Sends datagrams from one socket, `gapMs` apart, and collects the answers: as many as `expected`, or what comes until the time-out. */
export async function askByUdp(
  route: Route,
  messages: readonly Buffer[],
  expected: number,
  gapMs = 0,
): Promise<Buffer[]> {
  const socket = await open(route)
  const answers: Buffer[] = []
  const done = new Promise<void>((resolve) => {
    socket.on('message', (answer) => {
      if (answers.push(answer) >= expected && expected > 0) resolve()
    })
  })
  for (const [i, message] of messages.entries()) {
    if (i > 0 && gapMs > 0) await sleep(gapMs)
    socket.send(message, route.port, route.to)
  }
  await Promise.race([done, sleep(route.timeoutMs, undefined, { ref: false })])
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return answers
}

/** Writes pieces to a new TCP connection, `gapMs` apart, and collects the messages that come back. */
export async function askByTcp(
  route: Route,
  pieces: readonly Buffer[],
  enough: (messages: readonly Buffer[]) => boolean,
  gapMs = 60,
): Promise<Buffer[]> {
  const socket = connect({
    host: route.to,
    port: route.port,
    ...(route.from && { localAddress: route.from }),
    ...(route.fromPort && { localPort: route.fromPort }),
  })
  const messages: Buffer[] = []
  let rest: Buffer = Buffer.alloc(0)
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        messages.push(rest.subarray(2, 2 + rest.readUInt16BE(0)))
        rest = rest.subarray(2 + rest.readUInt16BE(0))
      }
      if (enough(messages)) resolve()
    })
    socket.on('close', () => resolve())
    socket.on('error', () => resolve())
  })
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await sleep(gapMs)
    if (!socket.destroyed) socket.write(piece)
  }
  await Promise.race([done, sleep(route.timeoutMs, undefined, { ref: false })])
  socket.destroy()
  return messages
}

/** A message with its length in front (RFC 1035 §4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** A GET: status and body. */
export function fetchPage(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    }).on('error', reject)
  })
}
