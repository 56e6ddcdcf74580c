/** What a health check waits for its reply, in milliseconds. */
export const CHECK_TIMEOUT_MS = 1000

/**
 * Whether an upstream is alive. Nothing is checked until a query fails; then the upstream is checked again and again until it answers. Only checks
 * count as failures, so one query that an upstream cannot answer does not take it out of use.
 */
export class Health {
  /** Checks that failed since the last one that did not. */
  fails = 0
  private readonly check: () => Promise<boolean>
  private readonly intervalMs: number
  private running = false
  private stopped = false
  private timer: NodeJS.Timeout | undefined

  /**
   * @param check asks the upstream once; false when nothing came back
   * @param intervalMs from one failed check to the next
   */
  constructor(check: () => Promise<boolean>, intervalMs: number) {
    this.check = check
    this.intervalMs = intervalMs
  }

  /** Whether a query failed and no check has succeeded since. */
  get suspect(): boolean {
    return this.running
  }

  /** A query failed: checks begin, unless they are under way. */
  probe(): void {
    if (this.running || this.stopped) return
    this.running = true
    void this.run()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async run(): Promise<void> {
    const alive = await this.check()
    if (this.stopped) return
    if (alive) {
      this.fails = 0
      this.running = false
      return
    }
    this.fails++
    this.timer = setTimeout(() => void this.run(), this.intervalMs)
    this.timer.unref()
  }
}
