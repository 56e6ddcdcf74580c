import { MAX_NAME_OCTETS, type Name, nameFromText } from '../name.ts'
import { PresentationError } from './error.ts'
import type { Entry, Word } from './lexer.ts'

/** The words of an entry, one after the other. */
export class Cursor {
  readonly origin: Name
  private readonly entry: Entry
  private readonly file: string
  private at = 0

  constructor(entry: Entry, origin: Name, file = '') {
    this.entry = entry
    this.origin = origin
    this.file = file
  }

  get atEnd(): boolean {
    return this.at >= this.entry.words.length
  }

  /** Whether nothing of the text is left either. */
  get atEndOfText(): boolean {
    return this.atEnd && this.entry.last
  }

  peek(): Word | undefined {
    return this.entry.words[this.at]
  }

  /** The next word; at the end of the entry the line feed, which fits nothing. */
  next(): Word {
    return this.entry.words[this.at++] ?? this.endOfLine()
  }

  /** All words that are left. */
  rest(): readonly Word[] {
    const words = this.entry.words.slice(this.at)
    this.at = this.entry.words.length
    return words
  }

  /** The next word as a domain name, relative to the origin; undefined when it is none. */
  name(): Name | undefined {
    return nameOfWord(this.next(), this.origin)
  }

  /** What is wrong with the last word taken. */
  error(reason: string, word: Word = this.last()): PresentationError {
    return new PresentationError(reason, word.text, word, this.file)
  }

  private last(): Word {
    return this.entry.words[this.at - 1] ?? this.endOfLine()
  }

  private endOfLine(): Word {
    return { text: '\n', quoted: false, glued: false, ...this.entry.end }
  }
}

/** A word as a domain name. */
export function nameOfWord(word: Word, origin: Name): Name | undefined {
  if (word.quoted || word.text === '\n') return undefined
  // Octets that are not ASCII stay what they are.
  const text = word.text.replace(/[\x80-\xff]/g, (char) => `\\${char.charCodeAt(0)}`)
  return text.length > 4 * MAX_NAME_OCTETS ? undefined : nameFromText(text, origin)
}
