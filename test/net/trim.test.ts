import t from 'tap'
import { loadTrim } from '../../src/net/trim.ts'

const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
const skip = report.header?.glibcVersionRuntime === undefined ? 'another C library' : false

t.test('free memory can be given back where the C library is glibc', { skip }, async (t) => {
  const trim = loadTrim()
  t.type(trim, 'function')
  t.doesNotThrow(() => trim?.())
})
