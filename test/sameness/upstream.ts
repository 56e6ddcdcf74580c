import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { CLASS, RCODE, TYPE } from '../../src/wire/codes.ts'
import { FLAG } from '../../src/wire/header.ts'
import { ancestor, countLabels, fold, type Name, name } from '../../src/wire/name.ts'
import { type Message, readMessage } from '../../src/wire/reader.ts'
import { type Octets, type Rr, soaRdata } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'
import { freePort } from '../ports.ts'

const TTL = 40

/** A server that answers every question in one way that only the question decides: names below `nx` are denied, others have addresses or lead to others. */
export async function startUpstream(): Promise<{ port: number; close(): Promise<void> }> {
  const port = await freePort()
  const writer = new Writer()
  const udp = createSocket('udp4')
  udp.on('message', (packet, from) => {
    const query = readMessage(packet)
    if (query.question !== undefined) udp.send(answer(query, writer, 512), from.port, from.address)
  })
  const streams = new Set<Socket>()
  const tcp = createServer((stream) => {
    streams.add(stream)
    stream.on('error', () => {})
    stream.on('close', () => streams.delete(stream))
    let held: Buffer = Buffer.alloc(0)
    stream.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        const reply = answer(readMessage(held.subarray(2, end)), writer, 0xffff)
        const length = Buffer.alloc(2)
        length.writeUInt16BE(reply.length)
        stream.write(Buffer.concat([length, reply]))
        held = held.subarray(end)
      }
    })
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  tcp.listen(port, '127.0.0.1')
  await once(tcp, 'listening')
  const close = async () => {
    for (const stream of streams) stream.destroy()
    udp.close()
    tcp.close()
  }
  return { port, close }
}

function answer(query: Message, writer: Writer, limit: number): Buffer {
  const { qname, qtype } = query.question as NonNullable<Message['question']>
  const { rcode, records } = recordsFor(qname, qtype)
  const none: Rr[] = []
  const content = {
    id: query.id,
    flags: FLAG.QR | FLAG.RA | (query.flags & (FLAG.RD | FLAG.CD)) | rcode,
    question: query.question,
    answer: records,
    authority: records.length === 0 ? [soa(qname)] : none,
    additional: none,
    opt: query.opt && { ...query.opt, udpSize: 1232, options: [] },
  }
  const size = limit === 0xffff ? limit : Math.max(limit, query.opt?.udpSize ?? 0)
  return Buffer.from(writer.write(content, size))
}

function recordsFor(qname: Name, qtype: number): { rcode: number; records: Rr[] } {
  const folded = fold(qname)
  if (folded.includes('\x02nx')) return { rcode: RCODE.NXDOMAIN, records: [] }
  const record = (owner: Name, type: number, rdata: string): Rr => ({
    owner,
    type,
    class: CLASS.IN,
    ttl: TTL,
    rdata: rdata as Octets,
  })
  const records: Rr[] = []
  const aliased = folded.startsWith('\x05alias')
  const owner = aliased ? name('target.example.net') : qname
  if (aliased) records.push(record(qname, TYPE.CNAME, owner))
  const count = 1 + (folded.length % 3)
  const from = qtype === TYPE.A ? '\xc6\x33\x64' : `\x20\x01\x0d\xb8${'\0'.repeat(11)}`
  const hasAddresses = qtype === TYPE.A || (qtype === TYPE.AAAA && folded.length % 2 === 0)
  for (let i = 1; hasAddresses && i <= count; i++) {
    records.push(record(owner, qtype, from + String.fromCharCode(i)))
  }
  return { rcode: RCODE.NOERROR, records }
}

function soa(qname: Name): Rr {
  const zone = ancestor(qname, Math.max(0, countLabels(qname) - 1))
  const rdata = soaRdata({
    mname: name('ns.example.net'),
    rname: name('hostmaster.example.net'),
    serial: 7,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: 60,
  })
  return { owner: zone, type: TYPE.SOA, class: CLASS.IN, ttl: TTL, rdata }
}
