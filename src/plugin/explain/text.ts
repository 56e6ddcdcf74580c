import type { Fact, Step, Walk } from '../why.ts'

const DID: Readonly<Record<Step['did'], string>> = {
  passed: 'passes it on',
  answered: 'answers',
  changed: 'changes the answer',
  skipped: 'only watches',
}

/** An explanation for people. */
export function explanationText(walk: Walk): string {
  const { name, type, client, listener, zone, rcode, answer, authority, steps, problems } = walk
  const lines = [`${name} ${type}, asked by ${client}: ${rcode}`]
  for (const record of [...answer, ...authority]) lines.push(`    ${record}`)
  if (problems.length > 0) lines.push('')
  for (const { reason, remedy } of problems) lines.push(reason, `    ${remedy}`)
  lines.push('', zone === undefined ? 'The way: nowhere' : `The way: ${listener}, block ${zone}`)
  for (const step of steps) lines.push(...stepLines(step, name, type))
  return `${lines.join('\n')}\n`
}

function stepLines(step: Step, name: string, type: string): string[] {
  const { plugin, depth, did, rcode, error, facts } = step
  const indent = '    '.repeat(1 + depth)
  const other = step.name === name && step.type === type ? '' : ` (${step.name} ${step.type})`
  const what = did === 'passed' || did === 'skipped' ? DID[did] : `${DID[did]} ${rcode}`
  const why = error === undefined ? '' : `: ${error}`
  return [
    `${indent}${plugin}${other} ${what}${why}`,
    ...facts.map((fact) => `${indent}    ${factText(fact)}`),
  ]
}

function factText({ kind, name, version, ageSeconds, says }: Fact): string {
  const known = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(ageSeconds === undefined ? [] : [`${ageText(ageSeconds)} old`]),
  ]
  return `${kind} ${name}${known.length === 0 ? '' : ` (${known.join(', ')})`}: ${says}`
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const

/** `12s`, `5m`, `3h`, `9d`: as kubectl shows ages. */
export function ageText(seconds: number): string {
  for (const [unit, length] of UNITS) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`
  }
  return `${seconds}s`
}
