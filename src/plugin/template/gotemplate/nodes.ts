/** What a template is made of. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | Branch
  | { readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }

export interface Branch {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: Pipe
  readonly body: readonly Node[]
  readonly otherwise: readonly Node[]
}

/** `$x := a | b c`: commands, each of which gets the value of the one before as its last argument. */
export interface Pipe {
  readonly line: number
  readonly variables: readonly string[]
  /** `:=` declares, `=` assigns. */
  readonly assigns: boolean
  readonly commands: readonly (readonly Operand[])[]
}

export type Operand =
  | { readonly kind: 'dot' }
  | { readonly kind: 'nil' }
  | {
      readonly kind: 'literal'
      readonly value: string | number | bigint | boolean
      readonly text: string
    }
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] }

/** A template as it would be written, in Go's spelling: what the metrics name it by. */
export function templateText(nodes: readonly Node[]): string {
  return nodes.map(nodeText).join('')
}

function nodeText(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'print':
      return `{{${pipeText(node.pipe)}}}`
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? '' : ` ${pipeText(node.pipe)}`}}}`
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`
    default: {
      const otherwise = node.otherwise.length === 0 ? '' : `{{else}}${templateText(node.otherwise)}`
      return `{{${node.kind} ${pipeText(node.pipe)}}}${templateText(node.body)}${otherwise}{{end}}`
    }
  }
}

/** A pipeline as it would be written. */
export function pipeText({ variables, assigns, commands }: Pipe): string {
  const names = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `
  return names + commands.map((command) => command.map(operandText).join(' ')).join(' | ')
}

function operandText(operand: Operand): string {
  switch (operand.kind) {
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'literal':
      return operand.text
    case 'field':
      return `.${operand.path.join('.')}`
    case 'variable':
      return [operand.name, ...operand.path].join('.')
    case 'function':
      return operand.name
    case 'pipe':
      return [`(${pipeText(operand.pipe)})`, ...operand.path].join('.')
  }
}
