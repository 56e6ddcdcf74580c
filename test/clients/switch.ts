import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** Sockets to servers that one switch holds, one for each client and server. */
const MAX_CLIENTS = 256

/** A UDP forwarder in front of servers that come and go, as kube-proxy is: new datagrams go to one of them, answers come back from all. */
export class Switch {
  readonly port: number
  /** The port on loopback that datagrams go to from now on. */
  target: number
  private readonly front: Socket
  private readonly flows = new Map<string, Socket>()

  private constructor(front: Socket, target: number) {
    this.front = front
    this.port = front.address().port
    this.target = target
    front.on('message', (packet, from) => this.forward(packet, from))
  }

  static async open(target: number): Promise<Switch> {
    const front = createSocket('udp4')
    front.bind(0, '127.0.0.1')
    await once(front, 'listening')
    front.setRecvBufferSize(4 << 20)
    return new Switch(front, target)
  }

  close(): void {
    for (const flow of this.flows.values()) flow.close()
    this.front.close()
  }

  private forward(packet: Buffer, from: RemoteInfo): void {
    const key = `${from.port} ${this.target}`
    let flow = this.flows.get(key)
    if (flow === undefined) {
      if (this.flows.size >= MAX_CLIENTS) throw new Error(`more than ${MAX_CLIENTS} flows`)
      flow = createSocket('udp4')
      flow.on('message', (answer) => this.front.send(answer, from.port, from.address))
      // A server that is gone says so by ICMP; the client's patience is what counts here.
      flow.on('error', () => {})
      this.flows.set(key, flow)
    }
    flow.send(packet, this.target, '127.0.0.1')
  }
}
