import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import type { Environment } from './environment.ts'

/** The files that configuration may name. Errors are those of node:fs: they have a `code`. */
export interface Files {
  /** The file's text, UTF-8. */
  readFile(path: string): string
}

/** What reading a Corefile needs of the world outside. */
export interface CorefileIo extends Files {
  /** The names in a directory, in any order. */
  readDirectory(path: string): string[]
  /** Whether there is anything at this path; a symbolic link that leads nowhere counts. */
  exists(path: string): boolean
  /** Base of relative paths. */
  readonly workingDirectory: string
  readonly environment: Environment
  /** A sentence for the log, without its level. */
  warn(text: string): void
}

/** The real file system. */
export function systemIo(
  workingDirectory: string,
  environment: Environment,
  warn: (text: string) => void,
): CorefileIo {
  return {
    readFile: (path) => readFileSync(path, 'utf8'),
    readDirectory: (path) => readdirSync(path),
    exists,
    workingDirectory,
    environment,
    warn,
  }
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** Where CoreDNS's words for an error of the operating system differ from those of Node. */
const WORDS: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory',
  ENAMETOOLONG: 'file name too long',
  ELOOP: 'too many levels of symbolic links',
  EPERM: 'operation not permitted',
  EIO: 'input/output error',
  EMFILE: 'too many open files',
}

/** An error of node:fs in CoreDNS's words: `no such file or directory`. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const own = /^[A-Z0-9]+: (.*?)(?:, \w+.*)?$/s.exec(message ?? String(error))
  return WORDS[code ?? ''] ?? own?.[1] ?? message ?? String(error)
}

/** An error of node:fs with its operation and path: `open /etc/hosts: permission denied`. */
export function fileErrorText(path: string, error: unknown): string {
  const operation = (error as NodeJS.ErrnoException).code === 'EISDIR' ? 'read' : 'open'
  return `${operation} ${path}: ${reasonOf(error)}`
}
