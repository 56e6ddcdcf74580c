/**
 * Checks the address of an HTTP page, `HOST:PORT`, `:PORT` or `[IPV6]:PORT`, and gives it back.
 *
 * @throws Error `address x: missing port in address` and the like, as the reference words them
 */
export function adminAddress(text: string): string {
  const complaint = whatIsWrong(text)
  if (complaint !== undefined) {
    throw new Error(text === '' ? complaint : `address ${text}: ${complaint}`)
  }
  const port = text.slice(text.lastIndexOf(':') + 1)
  if (/^\d+$/.test(port) && Number(port) > 0xffff) {
    throw new Error(`listen tcp: address ${port}: invalid port`)
  }
  if (!/^\d*$/.test(port)) throw new Error(`listen tcp: lookup tcp/${port}: unknown port`)
  return text
}

function whatIsWrong(text: string): string | undefined {
  const colon = text.lastIndexOf(':')
  if (colon === -1) return 'missing port in address'
  const host = text.slice(0, colon)
  if (text.startsWith('[')) return inBrackets(text, colon)
  if (host.includes(':')) return 'too many colons in address'
  if (text.includes('[')) return "unexpected '[' in address"
  if (text.includes(']')) return "unexpected ']' in address"
  return undefined
}

function inBrackets(text: string, colon: number): string | undefined {
  const end = text.indexOf(']')
  if (end === -1) return "missing ']' in address"
  if (end + 1 === text.length) return 'missing port in address'
  if (end + 1 !== colon) {
    return text[end + 1] === ':' ? 'too many colons in address' : 'missing port in address'
  }
  if (text.slice(1).includes('[')) return "unexpected '[' in address"
  return undefined
}
