import { domain, type Field, ipv4, ipv6 } from './fields.ts'
import { base64Of, fromBase64 } from './text.ts'

const NOTHING: Field = {
  read: (cursor) => (cursor.next().text === '.' ? '' : undefined),
  write: (_, at) => ['.', at],
}

/** What a gateway of each type is: nothing, an address, a name (RFC 4025 §2.3, RFC 8777 §4.2.3). */
const GATEWAYS: readonly (Field | undefined)[] = [NOTHING, ipv4, ipv6, domain]

/** All of an IPSECKEY record: precedence, gateway type, algorithm, gateway, key (RFC 4025). */
export const ipsecKey: Field = {
  read(cursor) {
    const [precedence, kind, algorithm] = [
      octet(cursor.next().text),
      octet(cursor.next().text),
      octet(cursor.next().text),
    ]
    if (precedence === undefined || kind === undefined || algorithm === undefined) return undefined
    const gateway = GATEWAYS[kind]?.read(cursor)
    const key = fromBase64(
      cursor
        .rest()
        .map((word) => word.text)
        .join(''),
    )
    if (gateway === undefined || key === undefined) return undefined
    return String.fromCharCode(precedence, kind, algorithm) + gateway + key
  },
  write(rdata, at) {
    const [precedence, kind, algorithm] = [0, 1, 2].map((i) => rdata.charCodeAt(at + i))
    const gateway = GATEWAYS[kind as number]?.write(rdata, at + 3)
    if (gateway === undefined) return undefined
    const key = base64Of(rdata.slice(gateway[1]))
    return [[precedence, kind, algorithm, gateway[0], key].join(' ').trimEnd(), rdata.length]
  },
}

/** All of an AMTRELAY record: precedence, discovery bit, relay type, relay (RFC 8777 §4). */
export const amtRelay: Field = {
  read(cursor) {
    const precedence = octet(cursor.next().text)
    const discovery = octet(cursor.next().text)
    const kind = octet(cursor.next().text)
    if (precedence === undefined || discovery === undefined || discovery > 1) return undefined
    const relay = kind === undefined ? undefined : GATEWAYS[kind]?.read(cursor)
    if (relay === undefined) return undefined
    return String.fromCharCode(precedence, (discovery << 7) | (kind as number)) + relay
  },
  write(rdata, at) {
    const kind = rdata.charCodeAt(at + 1)
    const relay = GATEWAYS[kind & 0x7f]?.write(rdata, at + 2)
    if (relay === undefined) return undefined
    return [`${rdata.charCodeAt(at)} ${kind >> 7} ${kind & 0x7f} ${relay[0]}`, relay[1]]
  },
}

function octet(text: string): number | undefined {
  return /^[0-9]{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : undefined
}
