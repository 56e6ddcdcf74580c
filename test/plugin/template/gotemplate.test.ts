import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseUint } from '../../../src/plugin/template/functions.ts'
import { TemplateError } from '../../../src/plugin/template/gotemplate/error.ts'
import { GoTemplate } from '../../../src/plugin/template/gotemplate/evaluate.ts'

/** What Go's text/template makes of a template with the data below. */
interface Sample {
  readonly template: string
  /** The template as Go writes it back. */
  readonly written?: string
  readonly output?: string
  readonly fails?: 'to parse' | 'to execute'
}

const samples = JSON.parse(
  readFileSync(new URL('gotemplate.json', import.meta.url), 'utf8'),
) as Sample[]

const data = {
  Name: 'a.example.',
  Zone: 'example.',
  Match: ['x', 'y'],
  Group: new Map([
    ['a', '0a'],
    ['b', 'zz'],
  ]),
  Empty: [],
  N: 7,
  Q: { Name: 'q.', Qtype: 1 },
  Meta: (label: string) => `meta:${label}`,
}

const compile = (template: string) => new GoTemplate('answer', template, { parseInt: parseUint })

t.test('templates say what they say in Go', async (t) => {
  for (const { template, output } of samples) {
    if (output !== undefined) t.equal(compile(template).execute(data), output, template)
  }
})

t.test('templates are written back as Go writes them', async (t) => {
  for (const { template, written } of samples) {
    if (written !== undefined) t.equal(compile(template).text, written, template)
  }
})

t.test('what Go does not parse or execute is an error here too', async (t) => {
  for (const { template, fails } of samples) {
    if (fails === 'to parse') t.throws(() => compile(template), TemplateError, template)
    if (fails === 'to execute') {
      const compiled = compile(template)
      t.throws(() => compiled.execute(data), TemplateError, template)
    }
  }
})

t.test('nothing of JavaScript can be named', async (t) => {
  for (const template of ['{{ .constructor }}', '{{ .Name.constructor }}', '{{ .__proto__ }}']) {
    t.throws(() => compile(template).execute(data), TemplateError, template)
  }
  t.equal(compile('{{ .Group.constructor }}').execute(data), '<no value>')
})

t.test('a template that calls itself for ever is stopped', async (t) => {
  const endless = compile('{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}')
  t.throws(() => endless.execute(data), { message: /exceeded maximum template depth/ })
})
