import t from 'tap'
import { countThreads, readLimits } from '../../src/server/threads.ts'

const MIB = 1 << 20
const none = Number.POSITIVE_INFINITY

t.test(
  'threads are the least of processors, quota, four, and what a quarter of the memory holds',
  async (t) => {
    t.equal(countThreads({ processors: 64, quota: none, memoryOctets: none }), 4)
    t.equal(countThreads({ processors: 2, quota: none, memoryOctets: none }), 2)
    t.equal(countThreads({ processors: 8, quota: 0.1, memoryOctets: none }), 1)
    t.equal(countThreads({ processors: 8, quota: 2.5, memoryOctets: none }), 3)
    t.equal(countThreads({ processors: 8, quota: none, memoryOctets: 170 * MIB }), 2)
    t.equal(countThreads({ processors: 8, quota: none, memoryOctets: 32 * MIB }), 1)
  },
)

function limits(files: Record<string, string>) {
  return readLimits((path) => {
    const text = files[path.replace('/sys/fs/cgroup/', '')]
    if (text === undefined) throw new Error('ENOENT')
    return text
  })
}

t.test('limits are read from either version of cgroups', async (t) => {
  t.match(limits({}), { quota: none, memoryOctets: none })
  t.match(limits({ 'cpu.max': 'max 100000\n', 'memory.max': 'max\n' }), {
    quota: none,
    memoryOctets: none,
  })
  t.match(limits({ 'cpu.max': '50000 100000\n', 'memory.max': '178257920\n' }), {
    quota: 0.5,
    memoryOctets: 170 * MIB,
  })
  t.match(
    limits({
      'cpu/cpu.cfs_quota_us': '200000',
      'cpu/cpu.cfs_period_us': '100000',
      'memory/memory.limit_in_bytes': '9223372036854771712',
    }),
    { quota: 2, memoryOctets: none },
  )
  t.match(limits({ 'cpu/cpu.cfs_quota_us': '-1', 'cpu/cpu.cfs_period_us': '100000' }), {
    quota: none,
  })
})
