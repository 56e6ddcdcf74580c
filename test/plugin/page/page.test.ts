import { readdirSync } from 'node:fs'
import t from 'tap'
import { module as page } from '../../../src/plugin/page/setup.ts'
import { MAX_VIEWERS } from '../../../src/plugin/page/viewers.ts'
import { mistake } from '../harness.ts'
import { type Events, get, listen, startScene } from './scene.ts'

t.setTimeout(800_000)
/** Tries in which the machine may hold up the page, and figures that are waited for in each. */
const MAX_ROUNDS = 5
const MAX_FIGURES = 10
const scene = await startScene()
t.teardown(() => scene.stop())
const { url } = scene
const STATIC = new URL('../../../src/plugin/page/static/', import.meta.url)

t.test('a directive that is wrong is refused', async (t) => {
  for (const [directive, message] of [
    ['page a:1 b:2', "Wrong argument count or unexpected line ending after 'b:2'"],
    ['page localhost', 'address localhost: missing port in address'],
    ['page :http', 'unknown port'],
    ['page {\ncolour red\n}', "unknown property 'colour'"],
  ] as const) {
    t.match(await mistake(directive, [page]), message, directive)
  }
  t.equal(await mistake('page', [page]), '')
})

t.test(
  'the page and all its files are there, under a policy that lets nothing else in',
  async (t) => {
    const paths = readdirSync(STATIC).map((name) => (name === 'page.html' ? '' : `page/${name}`))
    t.ok(paths.length > 5)
    for (const path of paths) {
      const { status, headers, text } = await get(url + path)
      t.equal(status, 200, path)
      const policy = String(headers['content-security-policy'])
      t.match(policy, /^default-src 'none'; /, path)
      t.notMatch(policy, /unsafe|\*|http/, path)
      t.equal(headers['x-content-type-options'], 'nosniff', path)
      const elsewhere = text.match(/(?:https?:)?\/\/[a-z]+\.[^\s"']*/g) ?? []
      t.strictSame(
        elsewhere.filter((link) => !link.startsWith('http://www.w3.org/')),
        [],
        `${path} names no other server`,
      )
      t.notMatch(
        text,
        /\bon[a-z]+="|style="|<style|innerHTML|\beval\(/,
        `${path} has nothing inline`,
      )
      for (const [, link = ''] of text.matchAll(/(?:src|href)="(page\/[^"]+)"/g)) {
        t.ok(paths.includes(link), `${link} is there`)
      }
    }
  },
)

t.test('it can only be read', async (t) => {
  for (const path of ['', 'page/events', 'page/services', 'page/explain', 'page/main.js']) {
    t.equal((await get(url + path, {}, 'POST')).status, 405, path)
    const head = await get(`${url}${path}?name=a.cluster.local`, {}, 'HEAD')
    t.strictSame([head.status, head.text], [200, ''], path)
  }
})

t.test('other names that lead here, and other sites, are refused', async (t) => {
  const status = async (headers: Readonly<Record<string, string>>) =>
    (await get(`${url}page/services`, headers)).status
  for (const host of ['localhost', 'localhost:1', 'LOCALHOST', '127.0.0.1:9155', '[::1]:9155']) {
    t.equal(await status({ host }), 200, host)
  }
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    t.equal(await status({ host }), 403, host)
  }
  t.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403)
  t.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 200)
  t.equal(await status({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }), 200)
})

t.test('figures come each second: what was asked, by answer, by whom, from where', async (t) => {
  const events = await listen(`${url}page/events`)
  const hello = await events.next('hello')
  t.equal(hello.seconds, 300)
  t.type(hello.version, 'string')
  let rounds = 0
  let [noerror, nxdomain] = [0, 0]
  let timed = { half: 0, most: 0 }
  let figures = await events.next('figures')
  // On a busy machine a second may last two, so that its rates are half of what was asked, or be told twice, or not.
  while (noerror + nxdomain !== 10 && rounds < MAX_ROUNDS) {
    rounds++
    let seen = 0
    noerror = 0
    nxdomain = 0
    await scene.ask('web.shop.svc.cluster.local.', 7)
    await scene.ask('web.shpo.svc.cluster.local.', 3)
    figures = await events.next('figures', ({ sample, tops }) => {
      noerror += sample.noerror
      nxdomain += sample.nxdomain
      if (sample.half !== null) timed = sample
      // Who asked may be known a moment after it was counted: in the next second.
      const known = noerror + nxdomain >= 10 && tops.topClients[0]?.count >= 10 * rounds
      return known || ++seen === MAX_FIGURES
    })
  }
  t.strictSame([noerror, nxdomain], [7, 3])
  t.ok(timed.half > 0 && timed.most >= timed.half)
  t.match(figures.tops.topClients, [{ address: '127.0.0.1', count: 10 * rounds }])
  t.match(figures.tops.topNames, [
    { name: 'web.shop.svc.cluster.local.', type: 'A', count: 7 * rounds },
    { name: 'web.shpo.svc.cluster.local.', type: 'A', count: 3 * rounds },
  ])
  t.match(figures.tops.topFailing, [
    { name: 'web.shpo.svc.cluster.local.', outcome: 'NXDOMAIN', count: 3 * rounds },
  ])
  t.match(figures.clusters, [{ synced: true, source: 'api' }])
  const [{ watches }] = figures.clusters
  const states = watches.map(({ resource, state }: Record<string, string>) => [resource, state])
  t.strictSame(
    new Map(states),
    new Map([
      ['services', 'fresh'],
      ['namespaces', 'fresh'],
      ['endpointslices', 'fresh'],
    ]),
  )
  t.match(figures.upstreams, [{ state: 'up', failedChecks: 0, rate: 0, mean: null }])
  events.close()
})

t.test('an upstream that does not answer is seen to be checked, and then down', async (t) => {
  const events = await listen(`${url}page/events`)
  void scene.ask('www.example.com.')
  const states: string[] = []
  const last = await events.next('figures', ({ upstreams }) => {
    if (states.at(-1) !== upstreams[0].state) states.push(upstreams[0].state)
    return states.at(-1) === 'down'
  })
  // Checked each half second, until it is found down the third time; a busy machine may look too late to see that.
  t.ok(
    ['up,suspect,down', 'suspect,down', 'up,down', 'down'].includes(states.join()),
    states.join(),
  )
  t.match(last.upstreams[0].address, /^127\.0\.0\.1:\d+$/)
  events.close()
})

t.test('the roll of a Service changes with its Pods, and with it what DNS says', async (t) => {
  const events = await listen(`${url}page/events?service=shop/web`)
  const first = await events.next('roll')
  t.match(first, {
    service: 'shop/web',
    roll: {
      name: 'web.shop.svc.cluster.local.',
      type: 'headless',
      endpoints: [
        { pod: 'web-0', address: '10.42.0.3', state: 'ready', told: true },
        { pod: 'web-1', address: '10.42.0.4', state: 'ready', told: true },
      ],
    },
  })
  t.equal(first.roll.endpoints[0].name, 'web-0.web.shop.svc.cluster.local.')
  const addresses = ({ answers }: { answers: { records: string[] }[] }) =>
    answers[0]?.records.map((record) => record.split('\t').at(-1))
  t.strictSame(addresses(first), ['10.42.0.3', '10.42.0.4'])
  scene.setReady('shop/web-0', false)
  const unready = await events.next('roll', ({ roll }) => roll.endpoints[0].state === 'not-ready')
  t.match(unready.roll.endpoints, [{ told: false }, { told: true }])
  t.strictSame(addresses(unready), ['10.42.0.4'])
  t.strictSame(JSON.parse((await get(`${url}page/services?q=`)).text)[0], 'shop/web')
  scene.setReady('shop/web-0', true)
  const again = await events.next('roll', ({ roll }) => roll.endpoints[0].state === 'ready')
  t.strictSame(addresses(again), ['10.42.0.3', '10.42.0.4'])
  events.close()
})

t.test('a Pod that has no address yet is in the roll, though no watch knows of it', async (t) => {
  const remove = scene.addSlowPod('web-late')
  const events = await listen(`${url}page/events?service=shop/web`)
  const late = await events.next('roll', ({ waiting }) => waiting.length > 0)
  t.strictSame(
    late.waiting.map(({ pod }: { pod: string }) => pod),
    ['web-late'],
  )
  t.match(late.waiting[0].says, /^[A-Z][A-Za-z]+$/)
  t.equal(late.roll.endpoints.length, 2)
  remove()
  const gone = await events.next('roll', ({ waiting }) => waiting.length === 0)
  t.equal(gone.roll.endpoints.length, 2)
  events.close()
})

t.test('a Service that leads elsewhere, and one that there is not, have no Pods', async (t) => {
  const rollOf = async (service: string) => {
    const events = await listen(`${url}page/events?service=${service}`)
    const picture = await events.next('roll')
    events.close()
    return picture
  }
  t.match(await rollOf('shop/alias'), {
    roll: { type: 'ExternalName', externalName: 'www.example.com', endpoints: [] },
  })
  const none = await rollOf('shop/none')
  t.strictSame([none.roll, none.answers], [undefined, []])
})

t.test('Services are found by a part of their name', async (t) => {
  const find = async (text: string) =>
    JSON.parse((await get(`${url}page/services?q=${encodeURIComponent(text)}`)).text)
  t.strictSame(await find('ALI'), ['shop/alias'])
  t.strictSame(await find('shop/'), ['shop/alias', 'shop/web'])
  t.strictSame(await find('nothing'), [])
})

t.test('a name is explained without plugin explain', async (t) => {
  const { text } = await get(`${url}page/explain?name=web.shpo.svc.cluster.local&format=json`)
  t.match(JSON.parse(text), {
    rcode: 'NXDOMAIN',
    problems: [{ code: 'no-such-namespace', remedy: /web\.shop\.svc\.cluster\.local/ }],
  })
  t.equal((await get(`${url}page/explain?name=`)).status, 400)
})

t.test('so many look at it at a time and no more; who goes makes room', async (t) => {
  const open: Events[] = []
  for (let i = 0; i < MAX_VIEWERS; i++) open.push(await listen(`${url}page/events`))
  t.ok(open.every(({ status }) => status === 200))
  const refused = await listen(`${url}page/events`)
  t.equal(refused.status, 503)
  refused.close()
  open.pop()?.close()
  let status = 503
  while (status === 503) {
    const late = await listen(`${url}page/events`)
    status = late.status
    open.push(late)
  }
  t.equal(status, 200)
  for (const events of open) events.close()
})

t.test(
  'after a reload the page is there with what it knew; without its line it is gone',
  async (t) => {
    const before = await listen(`${url}page/events`)
    const { history } = await before.next('hello')
    await scene.reload('max_connect_attempts 1', 'max_connect_attempts 2')
    t.equal(await before.next('figures', () => false), undefined, 'the stream ends')
    const after = await listen(`${url}page/events`)
    t.ok((await after.next('hello')).history.length >= history.length)
    t.ok(await after.next('figures'))
    await scene.reload('page localhost:0', '')
    t.equal(await after.next('figures', () => false), undefined)
    await t.rejects(get(url), { code: 'ECONNREFUSED' })
  },
)
