import type { IncomingMessage, ServerResponse } from 'node:http'

/** What the parameter `format` says, else what the request accepts. */
export function wantsJson(parameters: URLSearchParams, request: IncomingMessage): boolean {
  const format = parameters.get('format')
  const accepts = request.headers.accept ?? ''
  return format === 'json' || (format === null && accepts.includes('application/json'))
}

export function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

export function sayJson(response: ServerResponse, value: unknown): void {
  const body = `${JSON.stringify(value, undefined, 2)}\n`
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body)
}
