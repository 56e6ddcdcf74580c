import { readFileSync } from 'node:fs'
import t from 'tap'
import type { PluginModule } from '../../src/plugin/setup.ts'
import { arrangeAll } from './harness.ts'
import { bind } from './replay-upstreams.ts'

interface Case {
  readonly directive: string
  /** What the reference says, without `plugin/NAME: `; '' where it starts. */
  readonly message: string
}

/** Tests that set-up takes and refuses the same directives as the reference, in the same words: `mistakes.json` beside the test holds what that one said. */
export function testMistakes(url: string, module: PluginModule): void {
  const cases = JSON.parse(readFileSync(new URL('mistakes.json', url), 'utf8')) as Case[]
  t.test(`${module.name} takes and refuses what the reference does, in its words`, async (t) => {
    for (const { directive, message } of cases) {
      const text = `.:5533 {\n    bind 127.0.0.1\n    ${directive}\n}\n`
      t.equal(await saidAbout(text, module), message, directive)
    }
  })
}

async function saidAbout(text: string, module: PluginModule): Promise<string> {
  try {
    const chain = await arrangeAll(text, [bind, module])
    await chain.stop()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
