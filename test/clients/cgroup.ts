import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'

const PERIOD_US = 100_000

/** A cgroup that grants a share of one processor, no more, and no less whatever else the machine does; of either version. Processes are put into it. */
export class CpuShare {
  private readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** @returns why there can be none here */
  static create(cores: number): CpuShare | string {
    const name = `muster-${process.pid}-${Math.floor(performance.now())}`
    const quota = Math.round(cores * PERIOD_US)
    try {
      if (existsSync('/sys/fs/cgroup/cgroup.controllers')) {
        const folder = `/sys/fs/cgroup/${name}`
        mkdirSync(folder)
        writeFileSync(`${folder}/cpu.max`, `${quota} ${PERIOD_US}`)
        writeFileSync(`${folder}/cpu.weight`, '10000')
        return new CpuShare(folder)
      }
      const folder = `/sys/fs/cgroup/cpu/${name}`
      mkdirSync(folder)
      writeFileSync(`${folder}/cpu.cfs_period_us`, String(PERIOD_US))
      writeFileSync(`${folder}/cpu.cfs_quota_us`, String(quota))
      writeFileSync(`${folder}/cpu.shares`, '262144')
      return new CpuShare(folder)
    } catch (error) {
      return `no cgroup can be made here: ${(error as Error).message}`
    }
  }

  /** Puts a process with all its threads into it. */
  hold(pid: number): void {
    writeFileSync(`${this.folder}/cgroup.procs`, String(pid))
  }

  /** Times that it was held up. */
  get throttled(): number {
    const stat = readFileSync(`${this.folder}/cpu.stat`, 'utf8')
    return Number(/nr_throttled (\d+)/.exec(stat)?.[1] ?? 0)
  }

  /** To be called when no process is in it any more. */
  remove(): void {
    try {
      rmdirSync(this.folder)
    } catch {
      // The processes may take a moment to leave; an empty group costs nothing.
    }
  }
}
