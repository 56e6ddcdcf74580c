import t from 'tap'
import { HttpListeners, type Page, splitAddress } from '../../src/admin/http.ts'
import { freePort } from '../ports.ts'

const ADDRESS = '127.0.0.1:0'
const saying =
  (text: string): Page =>
  (_request, response) =>
    void response.end(text)

async function get(http: HttpListeners, path: string, method = 'GET'): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${http.port(ADDRESS)}${path}`, { method })
  return `${answer.status} ${await answer.text()}`
}

t.test('pages of one address are told apart by their path, the query not counted', async (t) => {
  const http = new HttpListeners()
  const removals = [
    await http.add(ADDRESS, '/a', saying('a')),
    await http.add(ADDRESS, '/b', saying('b')),
  ]
  t.equal(await get(http, '/a?x=1'), '200 a')
  t.equal(await get(http, '/b'), '200 b')
  t.equal(await get(http, '/c'), '404 404 page not found\n')
  for (const remove of removals) await remove()
  t.equal(http.port(ADDRESS), undefined)
})

t.test('only reading is allowed', async (t) => {
  const http = new HttpListeners()
  const remove = await http.add(ADDRESS, '/a', saying('a'))
  t.equal(await get(http, '/a', 'HEAD'), '200 ')
  t.equal(await get(http, '/a', 'POST'), '405 ')
  await remove()
})

t.test('a page that throws costs its own request only', async (t) => {
  const http = new HttpListeners()
  const remove = await http.add(ADDRESS, '/a', () => Promise.reject(new Error('no')))
  t.equal(await get(http, '/a'), '500 ')
  t.equal(await get(http, '/a'), '500 ')
  await remove()
})

t.test('the page that came last answers, and gives back to the one before', async (t) => {
  const http = new HttpListeners()
  const removeOld = await http.add(ADDRESS, '/a', saying('old'))
  const port = http.port(ADDRESS)
  const removeNew = await http.add(ADDRESS, '/a', saying('new'))
  t.equal(await get(http, '/a'), '200 new')
  await removeNew()
  await removeNew()
  t.equal(await get(http, '/a'), '200 old')
  const removeNext = await http.add(ADDRESS, '/a', saying('next'))
  await removeOld()
  t.equal(await get(http, '/a'), '200 next')
  t.equal(http.port(ADDRESS), port)
  await removeNext()
})

t.test('an address that cannot be listened on is an error, and can be tried again', async (t) => {
  const http = new HttpListeners()
  const taken = `127.0.0.1:${await freePort()}`
  const remove = await http.add(taken, '/a', saying('a'))
  const other = new HttpListeners()
  const message = `listen tcp ${taken}: bind: address already in use`
  await t.rejects(other.add(taken, '/a', saying('a')), { message })
  await t.rejects(other.add('192.0.2.1:0', '/a', saying('a')), {
    message: 'listen tcp 192.0.2.1:0: bind: cannot assign requested address',
  })
  await remove()
  const removeOther = await other.add(taken, '/a', saying('b'))
  await removeOther()
})

t.test('a host name is looked up', async (t) => {
  const http = new HttpListeners()
  const remove = await http.add('localhost:0', '/a', saying('a'))
  t.ok((http.port('localhost:0') ?? 0) > 0)
  await remove()
})

t.test('addresses are split at their last colon', async (t) => {
  t.strictSame(splitAddress(':80'), { host: '', port: 80 })
  t.strictSame(splitAddress('[::1]:8080'), { host: '::1', port: 8080 })
  t.strictSame(splitAddress('localhost:1'), { host: 'localhost', port: 1 })
})
