import { fold, type Name, nameFromText } from '../../wire/name.ts'

/** Secrets by the key's name, lower case. */
export type Keys = Map<Name, Buffer>

/** A secret that nothing can be signed with. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

/**
 * Adds a key.
 *
 * @throws Error when there is one of that name or the name is no domain name; SecretError when the secret is not base64
 */
export function addKey(keys: Keys, text: string, secret: string): void {
  const parsed = nameFromText(text)
  if (parsed === undefined) throw new Error(`not a key name: "${text}"`)
  const key = fold(parsed)
  if (keys.has(key)) throw new Error(`key "${text}" redefined`)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secret) || secret.length % 4 !== 0) {
    throw new SecretError(`secret of key "${text}" is not base64`)
  }
  keys.set(key, Buffer.from(secret, 'base64'))
}

/**
 * Adds the keys of a file in the manner of BIND: `key "NAME" {`, and on lines of their own `algorithm …;`, which does not matter here, `secret "…";` and `};`.
 *
 * @throws Error
 */
export function addKeyFile(keys: Keys, text: string): void {
  let name: string | undefined
  let secret: string | undefined
  for (const line of text.split('\n')) {
    const [word, value] = line.trim().split(/\s+/)
    if (word === undefined || word === '') continue
    if (name === undefined) {
      name = keyName(word, value, line)
      secret = undefined
    } else if (word === 'secret') secret = secretOf(value, line)
    else if (word === '}' || word === '};') {
      close(keys, name, secret)
      name = undefined
    } else if (word !== 'algorithm') throw new Error(`unexpected token "${word}"`)
  }
  if (name !== undefined) close(keys, name, secret)
}

function keyName(word: string, value: string | undefined, line: string): string {
  if (word !== 'key') throw new Error(`unexpected token "${word}"`)
  const name = (value ?? '').replace(/^["{]+|["{]+$/g, '')
  if (name === '') throw new Error(`expected key name "${line}"`)
  return name
}

function secretOf(value: string | undefined, line: string): string {
  const secret = (value ?? '').replace(/^[";]+|[";]+$/g, '')
  if (secret === '') throw new Error(`expected secret key "${line}"`)
  return secret
}

function close(keys: Keys, name: string, secret: string | undefined): void {
  if (secret === undefined) throw new Error(`expected secret for key "${name}"`)
  addKey(keys, name, secret)
}
