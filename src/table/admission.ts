/** Keys that are remembered between the first ask and the second. */
const KEYS = 1 << 15

/** Lets a key in when it is asked for the second time, so that names that come once leave no trace but a word here. */
export class Admission {
  private readonly noted = new Int32Array(KEYS)

  /** Whether this key was noted before; it is now. */
  admit(hash: number): boolean {
    const at = (hash >>> 3) & (KEYS - 1)
    if (this.noted[at] === hash) return true
    this.noted[at] = hash
    return false
  }
}
