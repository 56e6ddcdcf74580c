import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { createVoice, type Voice } from '../../src/cli/voice.ts'

/** What a voice wrote, by stream. */
function said(json: boolean, speak: (voice: Voice) => void) {
  const lines = { out: '', error: '' }
  const voice = createVoice(json, {
    out: (text) => {
      lines.out += text
    },
    error: (text) => {
      lines.error += text
    },
  })
  speak(voice)
  return lines
}

const everything = (voice: Voice) => {
  voice.print('.:53 on 127.0.0.1\n')
  voice.print('Muster-1\nlinux/amd64\n')
  voice.log.plugin('kubernetes').warning('a line')
  voice.log.error('another')
  voice.fatal('a loop')
  voice.fail('no such file')
}

t.test('text is CoreDNS’s', async (t) => {
  t.strictSame(said(false, everything), {
    out: [
      '.:53 on 127.0.0.1',
      'Muster-1',
      'linux/amd64',
      '[WARNING] plugin/kubernetes: a line',
      '[ERROR] another',
      '[FATAL] a loop\n',
    ].join('\n'),
    error: 'no such file\n',
  })
})

t.test('every line is one JSON object, its level a word', async (t) => {
  const { out, error } = said(true, everything)
  const read = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { time, ...rest } = JSON.parse(line)
        t.type(time, 'number')
        return rest
      })
  t.strictSame(read(out), [
    { level: 'info', msg: '.:53 on 127.0.0.1' },
    { level: 'info', msg: 'Muster-1' },
    { level: 'info', msg: 'linux/amd64' },
    { level: 'warning', plugin: 'kubernetes', msg: 'a line' },
    { level: 'error', msg: 'another' },
    { level: 'fatal', msg: 'a loop' },
  ])
  t.strictSame(read(error), [{ level: 'fatal', msg: 'no such file' }])
})

t.test('a process that cannot start says so in JSON', async (t) => {
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const env = { ...process.env, MUSTER_LOG: 'json', NODE_OPTIONS: '' }
  const failed = promisify(execFile)(process.execPath, [main, '-conf', '/no/Corefile'], { env })
  const { code, stderr, stdout } = await failed.then(
    () => t.fail('it started'),
    (error) => error,
  )
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(JSON.parse(stderr), { level: 'fatal', msg: /open \/no\/Corefile: no such file/ })
})
