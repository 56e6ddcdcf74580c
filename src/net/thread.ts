import { workerData } from 'node:worker_threads'
import { DataLoop } from './data-loop.ts'
import type { ThreadData } from './shared.ts'
import { loadSyscalls } from './syscalls.ts'

// The whole of a data thread: a file of its own, so that the thread loads nothing else.
const syscalls = loadSyscalls()
if (typeof syscalls === 'string') throw new Error(syscalls)
new DataLoop(workerData as ThreadData, syscalls).run()
