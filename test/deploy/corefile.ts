import { parseCorefile, type ServerBlock } from '../../src/corefile/parser.ts'
import { ORDER } from '../../src/plugin/order.ts'
import { memoryIo } from '../corefile/memory-io.ts'

/** The blocks of a Corefile as it lies in a Pod; throws where it is not one, or names a plugin that there is not. */
export function blocksOf(text: string, environment: Record<string, string> = {}): ServerBlock[] {
  const directives = new Set(ORDER.map((module) => module.name))
  const path = '/etc/coredns/Corefile'
  return parseCorefile({ text, path }, memoryIo({ [path]: text }, environment), directives)
}

/** The arguments of a directive's lines, blocks included, as words. */
export function words(block: ServerBlock | undefined, directive: string): string[] | undefined {
  return block?.directives.get(directive)?.map((token) => token.text)
}
