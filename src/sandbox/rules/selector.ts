import { labelValue, qualifiedName } from '../names.ts'
import { type FieldError, field, invalidEach } from '../status.ts'
import type { Json } from '../types.ts'

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']
const PATH = 'spec.selector'

export interface CheckedSelector {
  errors: FieldError[]
  /** False where labels cannot be compared with it. */
  usable: boolean
}

/** metav1.LabelSelector of a workload. */
export function validateSelector(selector: Json, kind: string): CheckedSelector {
  if (selector === undefined) return { errors: [field.required(PATH)], usable: true }
  const { matchLabels = {}, matchExpressions = [] } = selector
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(matchLabels as Record<string, string>)) {
    const path = `${PATH}.matchLabels`
    errors.push(...invalidEach(path, key, qualifiedName(key)))
    errors.push(...invalidEach(path, value, labelValue(value)))
  }
  matchExpressions.forEach((expression: Json, index: number) => {
    errors.push(...validateExpression(expression, `${PATH}.matchExpressions[${index}]`))
  })
  const usable = errors.length === 0
  const stateful = kind === 'StatefulSet'
  if (!usable) errors.push(field.invalid(PATH, selector, stateful ? '' : 'invalid label selector'))
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    const of = stateful ? 'statefulset' : 'deployment'
    errors.push(field.invalid(PATH, selector, `empty selector is invalid for ${of}`))
  }
  return { errors, usable }
}

function validateExpression({ key, operator, values }: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const needsValues = operator === 'In' || operator === 'NotIn'
  if (!OPERATORS.includes(operator)) {
    errors.push(field.invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  } else if (needsValues && !values?.length) {
    const text = "must be specified when `operator` is 'In' or 'NotIn'"
    errors.push(field.required(`${path}.values`, text))
  } else if (!needsValues && values?.length) {
    const text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    errors.push(field.forbidden(`${path}.values`, text))
  }
  errors.push(...invalidEach(`${path}.key`, key, qualifiedName(key ?? '')))
  ;(values ?? []).forEach((value: string, index: number) => {
    errors.push(...invalidEach(`${path}.values[${index}]`, value, labelValue(value)))
  })
  return errors
}
