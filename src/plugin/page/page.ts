import type { IncomingMessage } from 'node:http'
import type { HttpListeners, Page } from '../../admin/http.ts'
import { explainPage } from '../explain/page.ts'
import { say, sayJson } from '../explain/say.ts'
import { guarded } from '../guard.ts'
import type { Setup } from '../setup.ts'
import type { Rolls } from '../standing.ts'
import type { Hello } from './figures.ts'
import { findServices, followRoll } from './roll.ts'
import type { Viewers } from './viewers.ts'

/** What the page shows, and whom it asks. */
export interface PageParts {
  readonly http: HttpListeners
  readonly viewers: Viewers
  /** What a viewer is told first. */
  readonly hello: () => Hello
  readonly rolls: readonly Rolls[]
  readonly walk: NonNullable<Setup['walk']>
}

/** Octets of a Service's name that are read: a Namespace, a slash and a name. */
export const MAX_SERVICE_OCTETS = 127

const MEDIA: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/**
 * Puts the page at an address; returns what takes it away. What it asks for later is beside it, at `/page/`.
 *
 * @throws when the address is in use or not this machine's
 */
export async function openPage(address: string, parts: PageParts): Promise<() => Promise<void>> {
  // Octets that are kept only by a server that has the page.
  const { ASSETS } = await import('./assets.ts')
  const pages: [string, Page][] = [
    ['/page/events', events(parts)],
    ['/page/services', services(parts)],
    ['/page/explain', explainPage(parts.walk)],
    ...Object.entries(ASSETS).map(([name, text]): [string, Page] => [
      name === 'page.html' ? '/' : `/page/${name}`,
      asset(name, text),
    ]),
  ]
  const removals: (() => Promise<void>)[] = []
  const close = async () => {
    parts.viewers.close()
    for (const remove of removals.splice(0)) await remove()
  }
  try {
    for (const [path, page] of pages) {
      removals.push(await parts.http.add(address, path, guarded(page)))
    }
  } catch (error) {
    await close()
    throw error
  }
  return close
}

function asset(name: string, text: string): Page {
  const type = MEDIA[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  return (_request, response) => void response.writeHead(200, { 'content-type': type }).end(text)
}

function events({ viewers, hello, rolls, walk }: PageParts): Page {
  return (request, response) => {
    if (request.method === 'HEAD') {
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).end()
    }
    const service = parameter(request, 'service')
    const viewer = viewers.admit(response)
    if (viewer === undefined) return say(response, 503, 'others are looking at this page\n')
    viewer.send('hello', hello())
    if (service !== '') followRoll(service, rolls, viewer, walk)
  }
}

function services({ rolls }: PageParts): Page {
  return (request, response) => sayJson(response, findServices(rolls, parameter(request, 'q')))
}

function parameter(request: IncomingMessage, name: string): string {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  return (searchParams.get(name) ?? '').slice(0, MAX_SERVICE_OCTETS)
}
