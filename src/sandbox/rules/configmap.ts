import { equal } from '../patch.ts'
import { type FieldError, field } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'
import type { Rules } from './rules.ts'

const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
const MAX_KEY = 253
const IMMUTABLE = 'field is immutable when `immutable` is set'

/** core/v1 ConfigMap. */
export const configMapRules: Rules = {
  validate(map, old) {
    const errors = old?.immutable === true ? changed(map, old) : []
    for (const member of ['data', 'binaryData']) {
      for (const key of Object.keys(map[member] ?? {})) {
        const path = `${member}[${key}]`
        errors.push(...keyErrors(key).map((text) => field.invalid(path, key, text)))
        if (member === 'data' && key in (map.binaryData ?? {})) {
          errors.push(field.invalid(path, key, 'duplicate of key present in binaryData'))
        }
      }
    }
    return errors
  },
}

function keyErrors(key: string): string[] {
  const errors: string[] = []
  if (key.length > MAX_KEY) errors.push(`must be no more than ${MAX_KEY} characters`)
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) errors.push(KEY_TEXT)
  if (key === '.') errors.push("must not be '.'")
  else if (key === '..') errors.push("must not be '..'")
  else if (key.startsWith('..')) errors.push("must not start with '..'")
  return errors
}

function changed(map: ApiObject, old: ApiObject): FieldError[] {
  const same = (member: string) => equal(part(map, member), part(old, member))
  const errors: FieldError[] = []
  if (map.immutable !== true) errors.push(field.forbidden('immutable', IMMUTABLE))
  if (!same('data')) errors.push(field.forbidden('data', IMMUTABLE))
  if (!same('binaryData')) errors.push(field.forbidden('binaryData', IMMUTABLE))
  return errors
}

function part(map: ApiObject, member: string): Json {
  return map[member] ?? {}
}
