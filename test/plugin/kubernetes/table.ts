import type { Test } from 'tap'
import type { Chain } from '../harness.ts'

/** `NAME TYPE`, the rcode, then the answer and behind `+` the additional records, without owner, class and type where they are the question's. */
export type Row = readonly [question: string, rcode: string, answer?: string, additional?: string]

/**
 * Asks what stands in a table. Negative answers must hold the SOA and nothing else, positive ones no authority.
 *
 * @param zone what every question's name ends with
 */
export async function askTable(
  t: Test,
  chain: Chain,
  zone: string,
  rows: readonly Row[],
): Promise<void> {
  for (const [question, rcode, answer = '', additional = ''] of rows) {
    const [left = '', type = ''] = question.split(' ')
    const text = await chain.ask(`${left === '@' ? '' : `${left}.`}${zone} ${type}`)
    const [head = '', ...lines] = text.split('\n')
    const behind = lines.indexOf(';; AUTHORITY')
    const extra = lines.indexOf(';; ADDITIONAL')
    const answers = lines.slice(0, behind >= 0 ? behind : extra >= 0 ? extra : undefined)
    const said = {
      rcode: head.split(' ')[0],
      answer: answers.map(short).sort().join(', '),
      additional:
        extra < 0
          ? ''
          : lines
              .slice(extra + 1)
              .map(withOwner)
              .sort()
              .join(', '),
      soa: behind >= 0,
    }
    const sorted = (list: string) => list.split(', ').sort().join(', ')
    const want = {
      rcode,
      answer: sorted(answer),
      additional: sorted(additional),
      soa: answer === '' && rcode !== 'REFUSED',
    }
    t.strictSame(said, want, question)
    t.match(head, rcode === 'REFUSED' ? /qr/ : /qr aa/, `${question}: authoritative`)
  }
}

function short(line: string): string {
  const [, , , ...rest] = line.split(' ')
  return rest.join(' ')
}

function withOwner(line: string): string {
  const [owner, , , type, ...rest] = line.split(' ')
  return [owner, type, ...rest].join(' ')
}
