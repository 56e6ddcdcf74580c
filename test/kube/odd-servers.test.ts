import type { ServerResponse } from 'node:http'
import t from 'tap'
import { TRICKLE_MS } from '../../src/kube/watch.ts'
import type { Fault } from './fake-api.ts'
import { service } from './objects.ts'
import { scene, until } from './scene.ts'

/** What is done to the first answers about Services, and what the log says of it. */
const ODD: readonly [string, (response: ServerResponse) => void, RegExp][] = [
  [
    'a page for people',
    (response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
      response.end('<html>\n<h1>Sign in</h1>\n</html>')
    },
    /what answers is no Kubernetes API: it sends text\/html/,
  ],
  [
    'a redirection',
    (response) => {
      response.writeHead(302, { Location: 'https://login.example/', 'Content-Type': 'text/plain' })
      response.end('Found')
    },
    /302 Found/,
  ],
  [
    'an error whose body never ends',
    (response) => {
      response.writeHead(503, { 'Content-Type': 'text/plain', 'Content-Length': '1000' })
      response.write('upstream is away')
    },
    /503 upstream is away/,
  ],
  [
    'pages of which each says that the same page comes next',
    (response) => {
      const metadata = { resourceVersion: '9', continue: '1' }
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ metadata, items: [] }))
    },
    /a list whose next page is the same again/,
  ],
]

for (const watchList of [true, false]) {
  for (const [what, answer, told] of ODD) {
    if (watchList && what.startsWith('pages')) continue
    t.test(
      `${what} in place of a ${watchList ? 'streamed' : 'paged'} list is told of, and asked again`,
      async (t) => {
        let odd = 0
        const fault: Fault = (request, response) => {
          if (request.url?.includes('/services') !== true || ++odd > 4) return false
          answer(response)
          return true
        }
        const { store, clock, lines } = await scene(t, { watchList }, (api) => {
          api.fault = fault
        })
        await until(() => store.synced, clock, 100)
        t.match(lines.join('\n'), told)
        t.ok(store.service('db', 'shop'))
      },
    )
  }
}

t.test('a watch that brings octets and never a whole event is given up', async (t) => {
  const { api, store, clock } = await scene(t)
  await until(() => store.synced, clock)
  const { watcherCount } = api
  api.blackHoleWatches()
  api.put('services', service('late', 'shop'))
  const began = clock.monotonic()
  await until(
    () => {
      // The beginning of an event, an octet at a time.
      for (const resource of ['services', 'namespaces', 'endpointslices']) api.send(resource, ' ')
      return store.service('late', 'shop') !== undefined
    },
    clock,
    100,
  )
  t.ok(clock.monotonic() - began >= TRICKLE_MS, 'not before')
  await until(() => api.watcherCount === watcherCount, clock, 100)
})

t.test('a list that brings octets and never a whole item is given up', async (t) => {
  let trickling: ServerResponse | undefined
  const { store, clock } = await scene(t, { watchList: false }, (api) => {
    api.fault = (request, response) => {
      if (request.url?.includes('/services') !== true || trickling !== undefined) return false
      trickling = response
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.write('{"metadata":{"resourceVersion":"9"},"items":[{')
      return true
    }
  })
  await until(
    () => {
      if (trickling?.destroyed === false) trickling.write(' ')
      return store.synced
    },
    clock,
    100,
  )
  t.ok(trickling?.destroyed)
  t.ok(store.service('db', 'shop'))
})
