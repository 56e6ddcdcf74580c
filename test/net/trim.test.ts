import t from 'tap'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import { loadTrim } from '../../src/net/trim.ts'

// Names of the addresses that this process is connected to take as long as the resolver takes.
Object.assign(process.report, { excludeNetwork: true })
const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
const isGlibc = report.header?.glibcVersionRuntime !== undefined
const syscalls = loadSyscalls()
const skip = isGlibc ? typeof syscalls === 'string' && syscalls : 'another C library'

t.test('free memory can be given back where the C library is glibc', { skip }, async (t) => {
  const trim = loadTrim()
  t.type(trim, 'function')
  t.doesNotThrow(() => trim?.())
})
