import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { createCluster } from '../../src/sandbox/index.ts'
import { binary, Kapi } from './kapi.ts'
import { type ApiRequest, requests } from './kapi-requests.ts'

const skip = binary('kapi') === undefined && 'no kapi here'
t.setTimeout(600_000)

t.test('the embedded cluster answers and refuses as a real API server', { skip }, async (t) => {
  const kapi = await Kapi.start()
  const cluster = await createCluster()
  t.teardown(async () => {
    await kapi.stop()
    await cluster.close()
  })
  await kapi.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  for (const request of requests) {
    const wanted = told(await kapi.ask(request), request)
    const found = told(await askCluster(cluster.url, request), request)
    const { method, path, body } = request
    const about = `${method} ${path} ${JSON.stringify(body) ?? ''}`.slice(0, 200)
    if (isDeepStrictEqual(found, wanted)) t.pass(about)
    else t.same(found, wanted, about)
  }
})

interface Answer {
  status: number
  body: string
}

async function askCluster(url: string, request: ApiRequest): Promise<Answer> {
  const { method, path, body, type, accept } = request
  const headers = {
    'content-type': type ?? 'application/json',
    ...(accept === undefined ? {} : { accept }),
  }
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const init = { method, headers, ...(text === undefined ? {} : { body: text }) }
  const response = await fetch(url + path, init)
  return { status: response.status, body: await response.text() }
}

/** What counts of an answer: of a Status all but uids, of an object its kind. */
function told({ status, body }: Answer, { loose }: ApiRequest): unknown {
  const parsed = JSON.parse(body)
  if (parsed.kind !== 'Status') return { status, kind: parsed.kind }
  const { code, reason, message, details = {} } = parsed
  if (loose) return { status, code, reason }
  const { uid: _uid, ...rest } = details
  return { status, code, reason, message, details: rest }
}
