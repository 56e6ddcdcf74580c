// Loaded into a server before it starts (`--require`): tells, at SIGUSR2, for how long the control thread was deaf at the most since it was last asked.
// Twice: by the clock, which has what the machine had else to do, and by the processor time that the thread itself had used meanwhile.
// What comes before the first request to the API, the loading of code, does not count.
const { subscribe } = require('node:diagnostics_channel')
const { isMainThread } = require('node:worker_threads')
const { writeFileSync } = require('node:fs')

const EVERY_MS = 1

if (isMainThread) {
  let [wall, cpu] = [0, 0]
  let [at, used] = [performance.now(), cpuMs()]
  setInterval(() => {
    const [now, usedNow] = [performance.now(), cpuMs()]
    wall = Math.max(wall, now - at - EVERY_MS)
    cpu = Math.max(cpu, usedNow - used)
    at = now
    used = usedNow
  }, EVERY_MS).unref()
  let began = false
  const begin = () => {
    if (began) return
    began = true
    ;[wall, cpu, at, used] = [0, 0, performance.now(), cpuMs()]
  }
  for (const channel of ['http.client.request.start', 'http2.client.stream.created'])
    subscribe(channel, begin)
  process.on('SIGUSR2', () => {
    writeFileSync(process.env.MUSTER_PAUSES, JSON.stringify({ wall, cpu }))
    wall = 0
    cpu = 0
  })
}

function cpuMs() {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
