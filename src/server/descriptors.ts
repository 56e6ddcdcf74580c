import { readFileSync } from 'node:fs'
import { MAX_CONNECTIONS } from '../net/listener.ts'

/** Share of the files that a process may open which the connections of one listener may take: the rest is for other listeners, the API, health checks and files. */
const LISTENER_SHARE = 1 / 4

/**
 * Connections of clients that one listener holds at a time.
 *
 * @param files descriptors that the process may have
 */
export function connectionsFor(files: number): number {
  return Math.max(1, Math.min(MAX_CONNECTIONS, Math.floor(files * LISTENER_SHARE)))
}

/**
 * Descriptors that this process may have (`ulimit -n`); Infinity where nothing bounds them, or nothing says so.
 *
 * @param read a file's text; throws where there is none
 */
export function readFileLimit(read: (path: string) => string = readText): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

const readText = (path: string) => readFileSync(path, 'utf8')
