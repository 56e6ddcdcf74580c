/** Mistakes that a word may have and still be taken for another, for each three letters of it. */
const LETTERS_PER_MISTAKE = 3

/**
 * The words that a mistyped one may have been meant for, nearest first: those with the fewest letters exchanged, left out, added or swapped, and no more than
 * one for every three letters.
 */
export function nearest(word: string, known: Iterable<string>, most = 3): string[] {
  const bound = Math.max(1, Math.floor(word.length / LETTERS_PER_MISTAKE))
  return [...known]
    .map((other) => ({ other, distance: distance(word.toLowerCase(), other.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= bound)
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, most)
    .map(({ other }) => other)
}

/** Optimal string alignment: a letter exchanged, left out or added, or two neighbours swapped, is one mistake. */
function distance(one: string, other: string): number {
  let before: number[] = []
  let above = Array.from({ length: other.length + 1 }, (_, j) => j)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const exchanged = (above[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      row[j] = Math.min(exchanged, (above[j] as number) + 1, (row[j - 1] as number) + 1)
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      if (swapped) row[j] = Math.min(row[j] as number, (before[j - 2] as number) + 1)
    }
    before = above
    above = row
  }
  return above[other.length] as number
}
