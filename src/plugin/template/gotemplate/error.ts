/** A template that cannot be parsed, or not executed: `template: answer:1: unclosed action`. */
export class TemplateError extends Error {
  constructor(name: string, line: number, reason: string) {
    super(`template: ${name}:${line}: ${reason}`)
    this.name = 'TemplateError'
  }
}
