import { readU16, u16 } from '../record.ts'
import { domain, type Field } from './fields.ts'
import { base64Of, fromBase64, fromHex, hexOf } from './text.ts'

/** All of a HIP record: algorithm, host identity tag, public key, rendezvous servers (RFC 8005 §5). */
export const hostIdentity: Field = {
  read(cursor) {
    const algorithm = cursor.next().text
    const tag = fromHex(cursor.next().text)
    const key = fromBase64(cursor.next().text)
    if (!/^[0-9]{1,3}$/.test(algorithm) || Number(algorithm) > 255) return undefined
    if (tag === undefined || tag === '' || tag.length > 255 || key === undefined) return undefined
    let octets = String.fromCharCode(tag.length, Number(algorithm)) + u16(key.length) + tag + key
    while (!cursor.atEnd) {
      const server = cursor.name()
      if (server === undefined) return undefined
      octets += server
    }
    return octets
  },
  write(rdata, at) {
    const tagEnd = at + 4 + rdata.charCodeAt(at)
    const keyEnd = tagEnd + readU16(rdata, at + 2)
    if (!(keyEnd <= rdata.length)) return undefined
    const tag = hexOf(rdata.slice(at + 4, tagEnd)).toUpperCase()
    const texts = [String(rdata.charCodeAt(at + 1)), tag, base64Of(rdata.slice(tagEnd, keyEnd))]
    for (let next = keyEnd; next < rdata.length; ) {
      const server = domain.write(rdata, next)
      if (server === undefined) return undefined
      texts.push(server[0])
      next = server[1]
    }
    return [texts.join(' '), rdata.length]
  },
}
