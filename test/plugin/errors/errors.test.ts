import t from 'tap'
import { module as errors, MAX_PATTERN_OCTETS } from '../../../src/plugin/errors/setup.ts'
import { ONCE } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { giveUp } from '../../../src/plugin/reply.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { until } from '../../until.ts'
import { answering, arrange, mistake, replying } from '../harness.ts'

const TIMEOUT = 'read udp 10.0.0.1:4->8.8.8.8:53: i/o timeout'

const failing = (error: string): Plugin => ({
  name: 'backend',
  keepsLifetimes: true,
  serve: (query) => giveUp(query, 'backend', RCODE.SERVFAIL, error),
})

t.test('an error is logged with rcode, name in lower case and type', async (t) => {
  const chain = await arrange('errors', [errors], { backend: failing(TIMEOUT) })
  t.equal(await chain.ask('EXAMPLE.org A'), 'SERVFAIL qr rd (rcode only)')
  t.strictSame(chain.log, [`[ERROR] plugin/errors: 2 example.org. A: ${TIMEOUT}`])
})

t.test('a reply without an error is passed on as it is, and logs nothing', async (t) => {
  const chain = await arrange('errors stdout', [errors], {
    backend: answering('a.test. 60 IN A 192.0.2.1'),
  })
  t.equal(await chain.ask('a.test A'), 'NOERROR qr aa rd\na.test. 60 IN A 192.0.2.1')
  t.strictSame(chain.log, [])
})

t.test(
  'a written message with an error lasts one query, so that each failure is told',
  async (t) => {
    const lifetime = { repeatable: true, versions: [], until: Number.POSITIVE_INFINITY }
    const backend = replying({ error: 'half a zone', lifetime })
    const chain = await arrange('errors', [errors], { backend })
    const reply = await chain.reply('a.test A')
    t.equal(reply.lifetime, ONCE)
    t.equal(reply.kind, 'message')
  },
)

t.test('errors that match are counted, and told at the end of their period', async (t) => {
  const line = 'consolidate 20ms ".* i/o timeout$" warning'
  const chain = await arrange(`errors {\n${line}\n}`, [errors], { backend: failing(TIMEOUT) })
  for (let i = 0; i < 3; i++) await chain.ask('a.test A')
  t.strictSame(chain.log, [])
  await until(() => chain.log.length > 0)
  t.strictSame(chain.log, [
    "[WARNING] plugin/errors: 3 errors like '.* i/o timeout$' occurred in last 20ms",
  ])
})

t.test(
  'show_first tells the first one at once, and the others when the configuration goes',
  async (t) => {
    const lines = 'consolidate 1h "^other" info\nconsolidate 1h timeout info show_first'
    const chain = await arrange(`errors {\n${lines}\n}`, [errors], { backend: failing(TIMEOUT) })
    for (let i = 0; i < 2; i++) await chain.ask('a.test A')
    await chain.stop()
    await chain.ask('b.test A')
    t.strictSame(chain.log, [
      `[INFO] plugin/errors: 2 a.test. A: ${TIMEOUT}`,
      "[INFO] plugin/errors: 2 errors like 'timeout' occurred in last 1h0m0s",
      `[INFO] plugin/errors: 2 b.test. A: ${TIMEOUT}`,
    ])
  },
)

t.test('show_first with one error in its period says nothing more', async (t) => {
  const chain = await arrange('errors {\nconsolidate 1h timeout show_first\n}', [errors], {
    backend: failing(TIMEOUT),
  })
  await chain.ask('a.test A')
  await chain.stop()
  t.equal(chain.log.length, 1)
})

t.test('stacktrace is noted for the server', async (t) => {
  const chain = await arrange('errors {\nstacktrace\n}', [errors])
  t.equal(chain.blocks[0]?.settings.stacktrace, true)
})

t.test('mistakes are told with their place', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  const inBlock = (line: string) => mistake(`errors {\n${line}\n}`, [errors])
  t.equal(
    await mistake('errors file', [errors]),
    'Corefile:2 - Error during parsing: invalid log file: file',
  )
  t.equal(
    await inBlock('consolidate 5m "(x"'),
    `${at} error parsing regexp: missing closing ): \`(x\``,
  )
  t.equal(await inBlock('consolidate 5 x'), `${at} time: missing unit in duration "5"`)
  t.equal(await inBlock('consolidate 5m x loud'), `${at} unknown option in consolidate: loud`)
  t.equal(
    await inBlock('consolidate 5m x info error'),
    `${at} multiple log levels specified in consolidate`,
  )
  t.equal(
    await inBlock('consolidate 5m x show_first info'),
    `${at} log level must come before show_first in consolidate`,
  )
  t.equal(
    await inBlock(`consolidate 5m ${'x'.repeat(MAX_PATTERN_OCTETS + 1)}`),
    `${at} regex pattern too long: 10001 > 10000`,
  )
  t.equal(
    await inBlock('consolidated 5m x'),
    "Corefile:3 - Syntax error: Unexpected token 'consolidated', expecting 'Unknown field consolidated'",
  )
})
