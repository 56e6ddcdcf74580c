import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Session } from 'node:inspector/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from '../../admin/http.ts'

/** How long a profile runs, in seconds: as asked by `?seconds=`, or else this. */
const DEFAULT_SECONDS = 30
export const MAX_SECONDS = 300

export const PATH = '/debug/pprof'

/** The pages, by their path. */
export function profilePages(): ReadonlyMap<string, Page> {
  const profiler = new Profiler()
  return new Map<string, Page>([
    [PATH, (_request, response) => void response.writeHead(302, { location: `${PATH}/` }).end()],
    [`${PATH}/`, (_request, response) => html(response)],
    [`${PATH}/cmdline`, (_request, response) => text(response, commandLine())],
    [`${PATH}/profile`, (request, response) => profiler.cpu(request, response)],
    [`${PATH}/heap`, (request, response) => profiler.heap(request, response)],
    [`${PATH}/heapsnapshot`, (_request, response) => profiler.snapshot(response)],
  ])
}

/** The process's words with a zero octet behind each (proc(5)). */
function commandLine(): string {
  return readFileSync('/proc/self/cmdline', 'latin1').replace(/\0$/, '')
}

/** Profiles of the control thread; one at a time. */
class Profiler {
  private busy = false

  /** Where CPU time goes: a `.cpuprofile`, as Chrome's developer tools and speedscope open it. */
  cpu(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.run(response, async (session) => {
      await session.post('Profiler.enable')
      await session.post('Profiler.start')
      await sleep(secondsOf(request) * 1000)
      const { profile } = await session.post('Profiler.stop')
      download(response, 'muster.cpuprofile').end(JSON.stringify(profile))
    })
  }

  /** What is allocated and stays: a `.heapprofile` of samples taken meanwhile. */
  heap(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.run(response, async (session) => {
      await session.post('HeapProfiler.enable')
      await session.post('HeapProfiler.startSampling')
      await sleep(secondsOf(request) * 1000)
      const { profile } = await session.post('HeapProfiler.stopSampling')
      download(response, 'muster.heapprofile').end(JSON.stringify(profile))
    })
  }

  /** Everything that is in memory: a `.heapsnapshot`. No query is answered by the control thread meanwhile, and it takes as much memory again. */
  snapshot(response: ServerResponse): Promise<void> {
    return this.run(response, async (session) => {
      download(response, 'muster.heapsnapshot')
      session.on('HeapProfiler.addHeapSnapshotChunk', ({ params }) => {
        response.write(params.chunk)
      })
      await session.post('HeapProfiler.takeHeapSnapshot')
      response.end()
    })
  }

  private async run(
    response: ServerResponse,
    profile: (session: Session) => Promise<void>,
  ): Promise<void> {
    if (this.busy) return text(response, 'another profile is being taken\n', 503)
    this.busy = true
    const session = new Session()
    try {
      session.connect()
      await profile(session)
    } finally {
      session.disconnect()
      this.busy = false
    }
  }
}

function secondsOf(request: IncomingMessage): number {
  const asked = new URL(request.url ?? '/', 'http://localhost').searchParams.get('seconds')
  const seconds = asked === null ? DEFAULT_SECONDS : Number(asked)
  return seconds > 0 ? Math.min(seconds, MAX_SECONDS) : DEFAULT_SECONDS
}

function download(response: ServerResponse, file: string): ServerResponse {
  return response.writeHead(200, {
    'content-type': 'application/json',
    'content-disposition': `attachment; filename="${file}"`,
  })
}

function text(response: ServerResponse, content: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(content)
}

function html(response: ServerResponse): void {
  const links = ['cmdline', 'profile?seconds=10', 'heap?seconds=10', 'heapsnapshot']
  const items = links.map((link) => `<li><a href="${link}">${link}</a></li>`).join('')
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end(`<!doctype html><title>${PATH}/</title><h1>${PATH}/</h1><ul>${items}</ul>`)
}
