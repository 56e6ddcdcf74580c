import type { RE2JS } from 're2js'

/** What an expression is made of. */
export type Node =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'name'; readonly name: string }
  /** `#`, `#index`, `#acc`: what a predicate is asked about. */
  | { readonly kind: 'pointer'; readonly name: string }
  | { readonly kind: 'unary'; readonly operator: '!' | '-' | '+'; readonly operand: Node }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: Node
      readonly right: Node
      /** The pattern of `matches` where it is a literal. */
      readonly pattern?: RE2JS
    }
  | { readonly kind: 'ternary'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: Node, value: Node])[] }
  | {
      readonly kind: 'member'
      readonly owner: Node
      readonly key: Node
      readonly optional: boolean
    }
  | { readonly kind: 'slice'; readonly owner: Node; readonly from?: Node; readonly to?: Node }
  | { readonly kind: 'call'; readonly callee: Node; readonly args: readonly Node[] }
  | { readonly kind: 'builtin'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'predicate'; readonly body: Node }
  | { readonly kind: 'let'; readonly name: string; readonly value: Node; readonly body: Node }
  | { readonly kind: 'sequence'; readonly first: Node; readonly rest: Node }
