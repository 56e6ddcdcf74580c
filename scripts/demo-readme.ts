/**
 * Makes deploy/demo/README.md of the scenes in deploy/demo/scenes. A scene is Markdown; its steps are blocks indented by four blanks:
 *
 *     $ command
 *     a line that it prints
 *
 * What is shown is all that the command prints, in any order; blanks count as one. `...` at the end of a line stands for any rest, on a line of its own for
 * any lines. `{web-0=10.42.0.2}` stands for a word that is another each time, and the README shows the one after `=`; further on, in commands as well, `{web-0}`
 * is the same word again, and different names are different words.
 *
 *     node scripts/demo-readme.ts
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const DEMO = fileURLToPath(new URL('../deploy/demo/', import.meta.url))

export interface Scene {
  readonly file: string
  readonly text: string
}

export interface Step {
  readonly command: string
  readonly shown: readonly string[]
}

/** The scenes in the order of their names. */
export function readScenes(): Scene[] {
  const folder = `${DEMO}scenes/`
  return readdirSync(folder)
    .sort()
    .map((file) => ({ file, text: readFileSync(folder + file, 'utf8') }))
}

export function stepsOf({ text }: Scene): Step[] {
  return [...text.matchAll(/^ {4}\$ (.*)\n((?: {4}(?!\$ ).*\n)*)/gm)].map(
    ([, command = '', shown = '']) => ({ command, shown: shown.split('\n').filter(Boolean) }),
  )
}

/** The README as the scenes make it. */
export function readme(scenes: readonly Scene[]): string {
  const parts = scenes.map(({ text }) => {
    const examples = new Map<string, string>()
    return text.replace(PLACEHOLDER, (whole, name: string, example: string | undefined) => {
      if (example !== undefined) examples.set(name, example)
      return examples.get(name) ?? whole
    })
  })
  return [MADE_BY, ...parts].join('\n')
}

/** `{name}` or `{name=example}`. */
export const PLACEHOLDER = /\{([a-z][a-z0-9-]*)(?:=([^}]*))?\}/g

const MADE_BY = '<!-- Made of scenes/ by scripts/demo-readme.ts. -->\n'

if (import.meta.main) writeFileSync(`${DEMO}README.md`, readme(readScenes()))
