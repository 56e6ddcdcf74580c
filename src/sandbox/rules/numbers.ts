import { type FieldError, field } from '../status.ts'
import type { Json } from '../types.ts'

const PERCENT_TEXT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

export function atLeastZero(path: string, value: Json): FieldError[] {
  if (typeof value !== 'number' || value >= 0) return []
  return [field.invalid(path, value, 'must be greater than or equal to 0')]
}

/** maxUnavailable and maxSurge of a Deployment: counts or percentages, not both zero. */
export function validateRollingUpdate(update: Json, path: string): FieldError[] {
  const { maxUnavailable, maxSurge } = update
  const errors = [
    ...countOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...countOrPercent(`${path}.maxSurge`, maxSurge),
  ]
  if (number(maxUnavailable) === 0 && number(maxSurge) === 0) {
    const text = 'may not be 0 when `maxSurge` is 0'
    errors.push(field.invalid(`${path}.maxUnavailable`, maxUnavailable, text))
  }
  if (typeof maxUnavailable === 'string' && number(maxUnavailable) > 100) {
    const text = 'must not be greater than 100%'
    errors.push(field.invalid(`${path}.maxUnavailable`, maxUnavailable, text))
  }
  return errors
}

function countOrPercent(path: string, value: Json): FieldError[] {
  if (typeof value !== 'string') return atLeastZero(path, value)
  return /^\d+%$/.test(value) ? [] : [field.invalid(path, value, PERCENT_TEXT)]
}

/** NaN for a text that is no percentage. */
function number(value: Json): number {
  if (typeof value === 'number') return value
  return /^\d+%$/.test(value ?? '') ? Number.parseInt(value, 10) : Number.NaN
}
