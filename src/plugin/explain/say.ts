import type { IncomingMessage, ServerResponse } from 'node:http'

const FORMATS = new Set(['text', 'json'])

/** What the parameter `format` says, else what the request accepts. */
export function wantsJson(parameters: URLSearchParams, request: IncomingMessage): boolean {
  const format = parameters.get('format')
  const accepts = request.headers.accept ?? ''
  return format === 'json' || (format === null && accepts.includes('application/json'))
}

/** What is wrong with the parameter `format`; undefined where nothing is. */
export function formatProblem(parameters: URLSearchParams): string | undefined {
  const format = parameters.get('format')
  if (format === null || FORMATS.has(format)) return undefined
  return `${format} is no format: text or json`
}

export function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

export function sayJson(response: ServerResponse, value: unknown): void {
  const body = `${JSON.stringify(value, undefined, 2)}\n`
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body)
}
