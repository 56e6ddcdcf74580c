import { readFileSync } from 'node:fs'
import t from 'tap'
import { module as file } from '../../../src/plugin/file/setup.ts'
import { arrangeAll } from '../harness.ts'
import { bind } from '../replay-upstreams.ts'

/** Directives about files in `{{dir}}`, and what the reference says of each; '' where it starts. */
const cases = JSON.parse(readFileSync(new URL('mistakes.json', import.meta.url), 'utf8')) as {
  readonly directive: string
  readonly message: string
}[]

const SOA = '@ 60 SOA ns h 1 2 3 4 5\n'

t.test('file takes and refuses what the reference does, in its words', async (t) => {
  const directory = t.testdir({
    db: `${SOA}@ 60 NS ns\n`,
    nosoa: 'www 60 A 1.2.3.4\n',
    bad: `${SOA}www 60 A 1.2.3\n`,
    nsec3: `${SOA}x 60 NSEC3PARAM 1 0 0 -\n`,
  })
  const here = (text: string) => text.replaceAll('{{dir}}', directory)
  for (const { directive, message } of cases) {
    const text = `.:5533 {\n    bind 127.0.0.1\n    ${here(directive)}\n}\n`
    const said = await arrangeAll(text, [bind, file]).then(
      () => '',
      (error: Error) => error.message,
    )
    t.equal(said, here(message), directive)
  }
})
