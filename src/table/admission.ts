/** Keys that are remembered between the first ask and the second. */
const KEYS = 1 << 15
/** Places that one key may be noted at. With one alone, two names that share it and are asked for by turns would push each other out for ever. */
const WAYS = 8

/** Lets a key in when it is asked for the second time, so that names that come once leave no trace but a word here. */
export class Admission {
  private readonly noted = new Int32Array(KEYS)
  private turn = 0

  /** Whether this key was noted before; it is now. Where all its places are taken, any of them gives way. */
  admit(hash: number): boolean {
    const { noted } = this
    const from = (hash >>> 3) & (KEYS - WAYS)
    let free = -1
    for (let at = from; at < from + WAYS; at++) {
      if (noted[at] === hash) return true
      if (noted[at] === 0) free = at
    }
    this.turn = (this.turn + 1) & (WAYS - 1)
    noted[free < 0 ? from + this.turn : free] = hash
    return false
  }
}
