/**
 * A domain name as the octets of its uncompressed wire form (RFC 1035 §3.1): length octet, label, …, zero octet. One character of the
 * string is one octet, so names compare with `===`, serve as map keys, and never pass through a character encoding. The case is kept.
 */
export type Name = string & { readonly [wireForm]: true }
declare const wireForm: unique symbol

/** The root, a single zero octet. */
export const ROOT = '\0' as Name

/** Octets of a name in wire form (RFC 1035 §2.3.4). */
export const MAX_NAME_OCTETS = 255
/** Octets of one label (RFC 1035 §2.3.4). */
export const MAX_LABEL_OCTETS = 63

const UPPER = /[A-Z]/

/** The name with ASCII letters in lower case (RFC 4343 §3): what is compared and looked up. Octets above 127 stay as they are. */
export function fold<S extends string>(name: S): S {
  return (UPPER.test(name) ? name.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : name) as S
}

/** Whether `name` is `zone` or lies below it, label by label, as octets: fold both first where case must not count. */
export function isAtOrBelow(name: Name, zone: Name): boolean {
  return name.endsWith(zone) && startsLabel(name, name.length - zone.length)
}

/** Whether a label (or the final zero) begins at this offset of the name. */
export function startsLabel(name: Name, offset: number): boolean {
  let at = 0
  while (at < offset) at += name.charCodeAt(at) + 1
  return at === offset
}

/** Number of labels, the root not counted. */
export function countLabels(name: Name): number {
  let count = 0
  for (let at = 0; name.charCodeAt(at) !== 0; at += name.charCodeAt(at) + 1) count++
  return count
}

/** The labels from left to right as octet strings, without the root. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = []
  for (let at = 0; ; ) {
    const length = name.charCodeAt(at)
    if (length === 0) return labels
    labels.push(name.slice(at + 1, at + 1 + length))
    at += length + 1
  }
}

/** The name without its first `count` labels. */
export function ancestor(name: Name, count: number): Name {
  let at = 0
  for (let i = 0; i < count && name.charCodeAt(at) !== 0; i++) at += name.charCodeAt(at) + 1
  return name.slice(at) as Name
}

/** The name made of these labels (octet strings), in front of `below` where given; undefined when it breaks a bound of RFC 1035 §2.3.4. */
export function nameOfLabels(labels: readonly string[], below: Name = ROOT): Name | undefined {
  let wire = ''
  for (const label of labels) {
    if (label.length === 0 || label.length > MAX_LABEL_OCTETS) return undefined
    wire += String.fromCharCode(label.length) + label
  }
  wire += below
  return wire.length > MAX_NAME_OCTETS ? undefined : (wire as Name)
}

/** The labels of `front` (its root dropped) before `back`; undefined when the result is too long. */
export function join(front: Name, back: Name): Name | undefined {
  const wire = front.slice(0, -1) + back
  return wire.length > MAX_NAME_OCTETS ? undefined : (wire as Name)
}

/**
 * A name in the presentation form of RFC 1035 §5.1, always with its final dot: `\.` and `\\`-style escapes for what has a meaning in
 * master files, `\DDD` for octets that are not printable.
 */
export function nameToText(name: Name): string {
  if (name === ROOT) return '.'
  let text = ''
  for (const label of labelsOf(name)) text += `${escapeLabel(label)}.`
  return text
}

const PLAIN_LABEL = /^[A-Za-z0-9_*/-]*$/

function escapeLabel(label: string): string {
  if (PLAIN_LABEL.test(label)) return label
  let text = ''
  for (let i = 0; i < label.length; i++) {
    const octet = label.charCodeAt(i)
    if (octet < 32 || octet > 126) text += `\\${String(octet).padStart(3, '0')}`
    else if ('."\\@;()\' '.includes(label[i] as string)) text += `\\${label[i]}`
    else text += label[i]
  }
  return text
}

/**
 * Reads presentation form (RFC 1035 §5.1): `\.` and `\DDD` escapes; a missing final dot is added, or `origin` is appended where given.
 * Characters beyond ASCII become their UTF-8 octets. Undefined for what is no name: an empty label, a label or name too long, a bad escape.
 */
export function nameFromText(text: string, origin: Name = ROOT): Name | undefined {
  if (text === '.') return ROOT
  if (text === '' || text === '@') return text === '@' ? origin : undefined
  const octets = isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
  const labels: string[] = []
  let label = ''
  let absolute = false
  for (let i = 0; i < octets.length; i++) {
    const char = octets[i] as string
    absolute = false
    if (char === '.') {
      if (label === '') return undefined
      labels.push(label)
      label = ''
      absolute = true
    } else if (char === '\\') {
      const digits = /^[0-9]{3}/.exec(octets.slice(i + 1, i + 4))
      if (digits !== null) {
        if (Number(digits[0]) > 255) return undefined
        label += String.fromCharCode(Number(digits[0]))
        i += 3
      } else {
        if (i + 1 >= octets.length) return undefined
        label += octets[++i]
      }
    } else label += char
  }
  if (!absolute) labels.push(label)
  return nameOfLabels(labels, absolute ? ROOT : origin)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** A name known to be right, such as a constant. Throws TypeError when it is not. */
export function name(text: string): Name {
  const parsed = nameFromText(text)
  if (parsed === undefined) throw new TypeError(`not a domain name: ${text}`)
  return parsed
}
