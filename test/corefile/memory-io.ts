import { posix } from 'node:path'
import type { CorefileIo } from '../../src/corefile/io.ts'

export interface MemoryIo extends CorefileIo {
  readonly warnings: string[]
}

/** A file system in memory: absolute path to content, folders by implication; the working directory is /etc/coredns. */
export function memoryIo(
  files: Record<string, string> = {},
  environment: Record<string, string> = {},
): MemoryIo {
  const warnings: string[] = []
  const below = (path: string) =>
    Object.keys(files).filter((file) => file.startsWith(path.endsWith('/') ? path : `${path}/`))
  return {
    workingDirectory: '/etc/coredns',
    environment,
    warnings,
    warn: (text) => void warnings.push(text),
    exists: (path) => posix.normalize(path) in files || below(posix.normalize(path)).length > 0,
    readFile(path) {
      const text = files[posix.normalize(path)]
      if (text !== undefined) return text
      throw below(posix.normalize(path)).length > 0
        ? failure('EISDIR', 'illegal operation on a directory, read')
        : failure('ENOENT', `no such file or directory, open '${path}'`)
    },
    readDirectory(path) {
      const names = below(path).map((file) => posix.relative(path, file).split('/')[0] as string)
      if (names.length === 0) throw failure('ENOTDIR', `not a directory, scandir '${path}'`)
      return [...new Set(names)]
    },
  }
}

function failure(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}
