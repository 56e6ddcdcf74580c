import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Page } from '../admin/http.ts'

/**
 * Nothing but what this server serves, and nothing of this page in a frame. Scripts are files of their own, so that no text of a query can become one.
 */
export const SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/** A page that other sites can neither read nor have asked for by a browser. */
export function guarded(page: Page): Page {
  return (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const complaint = whyNot(request)
    if (complaint !== undefined) return refuse(response, complaint)
    return page(request, response)
  }
}

function refuse(response: ServerResponse, complaint: string): void {
  response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`${complaint}\n`)
}

function whyNot({ headers, socket }: IncomingMessage): string | undefined {
  const host = headers.host ?? ''
  // DNS rebinding: a name of another site that leads to this machine. What reaches a loopback address is for this machine's own names.
  if (isLoopback(socket.localAddress ?? '') && !isOwnName(host)) {
    return `This page is for this machine: ask for it as localhost, not as ${host === '' ? 'nothing' : host}.`
  }
  const site = headers['sec-fetch-site']
  const navigates = headers['sec-fetch-mode'] === 'navigate'
  if (!navigates && (site === 'cross-site' || site === 'same-site')) {
    return 'This page is not for other sites to ask.'
  }
  return undefined
}

function isOwnName(hostAndPort: string): boolean {
  const host = hostAndPort.replace(/:\d*$/, '').toLowerCase()
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host)
}

function isLoopback(text: string): boolean {
  const address = text.replace(/^\[|\]$/g, '').replace(/^::ffff:/i, '')
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
