/**
 * Which of two resourceVersions is later. They are whole numbers of any length (Kubernetes 1.35 promises so for its own
 * types, and all before it kept to it); others cannot be compared and count as equal.
 *
 * @returns below, at or above zero
 */
export function compareVersions(a: string, b: string): number {
  if (!isWhole(a) || !isWhole(b)) return 0
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

function isWhole(version: string): boolean {
  return /^[1-9][0-9]*$|^0$/.test(version)
}
