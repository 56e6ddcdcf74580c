import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { ALWAYS, ONCE } from '../../../src/plugin/lifetime.ts'
import { module as nsid } from '../../../src/plugin/nsid/setup.ts'
import { module as whoami } from '../../../src/plugin/whoami/setup.ts'
import { OPTION } from '../../../src/wire/codes.ts'
import { arrange, hex, replay, replying } from '../harness.ts'

const asking = { udpSize: 1232, options: [{ code: OPTION.NSID, data: hex('') }] }

t.test('the host name is the default', async (t) => {
  const chain = await arrange('nsid', [nsid], { backend: replying({ lifetime: ALWAYS }) })
  t.equal(await chain.ask('a.test A', asking), 'NOERROR qr aa rd\n;; OPT 1232 do 3=6265727468')
  t.equal((await chain.reply('a.test A', asking)).lifetime, ONCE)
  t.equal((await chain.reply('a.test A')).lifetime, ALWAYS)
})

t.test("an OPT record of the reply's own keeps its other options", async (t) => {
  const options = [
    { code: OPTION.NSID, data: hex('aa') },
    { code: OPTION.EXTENDED_ERROR, data: hex('0003') },
  ]
  const opt = { udpSize: 512, extendedRcode: 0, version: 0, flags: 0, options }
  const chain = await arrange('nsid north', [nsid], { backend: replying({ opt }) })
  t.equal(await chain.ask('a.test A', asking), 'NOERROR qr aa rd\n;; OPT 512 15=0003 3=6e6f727468')
})

t.test('a reply that nobody wrote is left to the core', async (t) => {
  const chain = await arrange('nsid', [nsid], { backend: replying({ kind: 'rcode' }) })
  t.equal(await chain.ask('a.test A', asking), 'NOERROR qr aa rd (rcode only)')
})

t.test('the recording agrees', async (t) => {
  t.strictSame(await replay('nsid-named', [nsid, bind, whoami]), [])
})
