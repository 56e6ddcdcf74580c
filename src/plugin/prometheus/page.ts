import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Page } from '../../admin/http.ts'
import type { Registry } from '../../admin/metrics.ts'

const compress = promisify(gzip)

/** The page /metrics: the text format 0.0.4, which every scraper takes, in gzip where the scraper takes that. */
export function metricsPage(metrics: Registry): Page {
  return async (request, response) => {
    const text = await metrics.expose()
    response.setHeader('content-type', metrics.contentType)
    if (!takesGzip(request)) return void response.writeHead(200).end(text)
    const packed = await compress(text)
    response.writeHead(200, { 'content-encoding': 'gzip', vary: 'accept-encoding' }).end(packed)
  }
}

/** RFC 9110 §12.5.3: `gzip` or `*` among the codings, with a weight that is not 0. */
function takesGzip(request: IncomingMessage): boolean {
  const header = request.headers['accept-encoding'] ?? ''
  const codings = String(header).toLowerCase().split(',')
  return codings.some((coding) => {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim())
    const refused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    return (name === 'gzip' || name === '*') && !refused
  })
}
