import { CLASS, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import type { Name } from '../../wire/name.ts'
import { MAX_MESSAGE_OCTETS, Writer } from '../../wire/writer.ts'

/** The probe as a message: HINFO, which nobody asks for, with RD so that resolvers pass it on. */
export function probeQuery(qname: Name): Buffer {
  const question = { qname, qtype: TYPE.HINFO, qclass: CLASS.IN }
  const none: never[] = []
  const sections = { answer: none, authority: none, additional: none, opt: undefined }
  const content = { id: 0, flags: FLAG.RD, question, ...sections }
  return Buffer.from(new Writer().write(content, MAX_MESSAGE_OCTETS))
}
