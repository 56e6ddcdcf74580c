/** Something that is wrong with a Corefile, or that its author should know. */
export interface Finding {
  /** `note`: the server starts all the same. */
  readonly kind: 'mistake' | 'note'
  readonly file: string
  /** From 1; 0 where no line is to blame. */
  readonly line: number
  /** In the words of the server's own start, without file and line. */
  readonly text: string
  /** The plugin that complains. */
  readonly plugin?: string
}

/** Takes a message apart that begins with `FILE:LINE - `. */
export function findingOf(kind: Finding['kind'], message: string, file: string, line = 0): Finding {
  // Some plugins put their name in front themselves.
  const [, prefix = '', place, at, text] =
    /^(plugin\/[^:]+: )?(?:\1)*(.*?):(\d+) - (?:Error during parsing: |(?=Syntax error: ))([\s\S]*)$/.exec(
      message,
    ) ?? []
  if (place === undefined || text === undefined) return { kind, file, line, text: message }
  return { kind, file: place, line: Number(at), text: prefix + text }
}

/** In the order in which somebody who reads the Corefile meets them; imported files behind it. */
export function byPlace(findings: readonly Finding[], path: string): Finding[] {
  return [...findings].sort((a, b) => {
    if (a.file === b.file) return a.line - b.line
    if (a.file === path || b.file === path) return a.file === path ? -1 : 1
    return a.file < b.file ? -1 : 1
  })
}
