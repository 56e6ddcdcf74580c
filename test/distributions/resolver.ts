// The resolver that the distributions forward to, on each of its addresses as soon as it has them, until it is killed.

import { setTimeout as sleep } from 'node:timers/promises'
import { CLASS, typeFromText } from '../../src/wire/codes.ts'
import { FLAG } from '../../src/wire/header.ts'
import { ROOT } from '../../src/wire/name.ts'
import { parseZone } from '../../src/wire/presentation/zone.ts'
import { Writer } from '../../src/wire/writer.ts'
import { type Rule, Upstream } from '../parity/upstream.ts'

/** RCODE NXDOMAIN. */
const NXDOMAIN = 3
const SOA = '. 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400'

const RULES: readonly Rule[] = [
  answer('example.com.', 'A', 'example.com. 300 IN A 192.0.2.80'),
  denial('example.com.', '*', 0),
  answer('vm.internal.cloudapp.net.', 'A', 'vm.internal.cloudapp.net. 300 IN A 192.0.2.81'),
  answer('pet.puglife.local.', 'A', 'pet.puglife.local. 300 IN A 192.0.2.82'),
  answer('www.stub.example.', 'A', 'www.stub.example. 300 IN A 192.0.2.83'),
  answer(
    'kubernetes.default.svc.cluster.local.',
    'A',
    'kubernetes.default.svc.cluster.local. 5 IN A 10.96.0.1',
  ),
  answer(
    '7.7.96.10.in-addr.arpa.',
    'PTR',
    '7.7.96.10.in-addr.arpa. 5 IN PTR cart.shop.svc.cluster.local.',
  ),
  denial('*', '*', NXDOMAIN),
]

// Nor does it outlive whoever started it.
const parent = process.ppid
setInterval(() => process.ppid === parent || process.exit(), 1000)

for (const address of ['192.0.2.53', '10.96.200.200', '192.11.0.1']) await serve(address)

async function serve(address: string): Promise<void> {
  for (;;) {
    try {
      await Upstream.start(`${address}:53`, RULES)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw error
      await sleep(20)
    }
  }
}

function answer(name: string, type: string, record: string): Rule {
  return { name, type, opt: true, responses: [message(0, record, '')] }
}

function denial(name: string, type: string, rcode: number): Rule {
  return { name, type, opt: true, responses: [message(rcode, '', SOA)] }
}

/** The message in hex, as a rule wants it: without its question. */
function message(rcode: number, answer: string, authority: string): string {
  const records = (text: string) => parseZone(text, ROOT)
  const content = {
    id: 0,
    flags: FLAG.QR | FLAG.RA | rcode,
    question: { qname: ROOT, qtype: typeFromText('A')!, qclass: CLASS.IN },
    answer: records(answer),
    authority: records(authority),
    additional: [],
    opt: undefined,
  }
  const whole = Buffer.from(new Writer().write(content, 0xffff))
  return Buffer.concat([whole.subarray(0, 12), whole.subarray(17)]).toString('hex')
}
