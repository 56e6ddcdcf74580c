import type { Logger } from '../../log.ts'
import { exchangeOnce } from '../../net/upstream/client.ts'
import { hostPort } from '../../net/upstream/outcome.ts'
import { CLASS, OPCODE, RCODE, rcodeToText, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { readMessage } from '../../wire/reader.ts'
import { MIN_UDP_OCTETS, Writer } from '../../wire/writer.ts'
import type { Setup } from '../setup.ts'
import type { Target, TransferRule } from './rule.ts'
import { Transfer } from './transfer.ts'

/** How often a NOTIFY is sent to a server that does not accept it, and how long each may take. */
const ATTEMPTS = 3
const TIMEOUT_MS = 2000

/** Where a NOTIFY is handed to. */
export interface Notifier {
  send(zone: Name, rule: TransferRule): void
}

/** Sends NOTIFYs over UDP (RFC 1996); what is not accepted is logged. */
export class UdpNotifier implements Notifier {
  private readonly log: Logger
  private readonly now: () => number

  constructor(log: Logger, now: () => number) {
    this.log = log
    this.now = now
  }

  send(zone: Name, rule: TransferRule): void {
    const told = rule.targets.map((target) => this.tell(zone, target, rule.source))
    void Promise.all(told).then((errors) => {
      for (const error of errors) {
        if (error !== undefined) this.log.warning(`Failed sending notifies: ${error}`)
      }
    })
  }

  /** Undefined when the server has accepted it. */
  private async tell(
    zone: Name,
    target: Target,
    source: string | undefined,
  ): Promise<string | undefined> {
    const message = notifyMessage(zone)
    let reason = ''
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const options = { peer: target, source, tls: undefined, now: this.now }
      const outcome = await exchangeOnce(message, options, 'udp', TIMEOUT_MS)
      if (outcome.kind === 'failed') reason = JSON.stringify(outcome.error)
      else {
        const rcode = readMessage(outcome.message).flags & FLAG.RCODE
        if (rcode === RCODE.NOERROR) return undefined
        reason = `rcode was ${JSON.stringify(rcodeToText(rcode))}`
      }
    }
    const whom = JSON.stringify(hostPort(target))
    return `notify for zone ${JSON.stringify(nameToText(zone))} was not accepted by ${whom}: ${reason}`
  }
}

/** How a plugin with zones tells of a change: to plugin transfer of its block, where there is one. */
export function notifier(setup: Setup): (zone: Name) => void {
  return (zone) => {
    const transfer = setup.plugin('transfer')
    if (transfer instanceof Transfer) transfer.notify(zone)
  }
}

function notifyMessage(zone: Name): Buffer {
  const question = { qname: zone, qtype: TYPE.SOA, qclass: CLASS.IN }
  const none = { answer: [], authority: [], additional: [], opt: undefined }
  const flags = (OPCODE.NOTIFY << 11) | FLAG.AA
  return Buffer.from(new Writer().write({ id: 0, flags, question, ...none }, MIN_UDP_OCTETS))
}
