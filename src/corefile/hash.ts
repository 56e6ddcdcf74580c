import { createHash } from 'node:crypto'
import { compareText } from './order.ts'
import type { ServerBlock } from './parser.ts'
import type { Token } from './token.ts'

/**
 * The SHA-512 of a configuration in hex: of its server blocks with everything imported, so that a change of an imported file shows. It is the one that
 * CoreDNS writes to its log and to `coredns_reload_version_info` for the same text, because it covers the same octets: the blocks in JSON as Go writes it.
 */
export function configurationHash(blocks: readonly ServerBlock[]): string {
  const json = blocks.length === 0 ? 'null' : `[${blocks.map(blockJson).join(',')}]`
  return createHash('sha512').update(json).digest('hex')
}

function blockJson(block: ServerBlock): string {
  const keys = block.keys.map((key) => textJson(key.text))
  const names = [...block.directives.keys()].sort(compareText)
  const members = names.map((name) => {
    const tokens = block.directives.get(name) as readonly Token[]
    return `${textJson(name)}:[${tokens.map(tokenJson).join(',')}]`
  })
  return `{"Keys":[${keys.join(',')}],"Tokens":{${members.join(',')}}}`
}

function tokenJson({ file, line, text }: Token): string {
  return `{"File":${textJson(file)},"Line":${line},"Text":${textJson(text)}}`
}

/** Go escapes what HTML and JavaScript could take amiss. */
function textJson(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
