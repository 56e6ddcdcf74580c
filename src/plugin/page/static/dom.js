/**
 * The element with this id, which the page has.
 *
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`no element ${id}`)
  return found
}

/**
 * A new element. Texts become text and nothing else: names come from whoever asks.
 *
 * @param {string} tag
 * @param {Readonly<Record<string, string>>} attributes
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/**
 * A name that may be broken after its dots and dashes, and nowhere else while there is room.
 *
 * @param {string} name
 * @returns {(Node | string)[]}
 */
export function breakable(name) {
  return name.split(/(?<=[./-])/).flatMap((part) => [part, make('wbr')])
}

/**
 * Shows a text, and touches the page only where it is another one.
 *
 * @param {Element} element
 * @param {string} text
 */
export function show(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * A state as a word, with a sign that does not need its colour.
 *
 * @param {'good' | 'fair' | 'bad'} level
 * @param {string} word
 */
export function state(level, word) {
  return make('span', { class: `state ${level}` }, word)
}

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const TENTHS = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/**
 * `1,204`, and below ten `3.2`.
 *
 * @param {number} number
 */
export function count(number) {
  const whole = number >= 9.95 || Math.abs(number - Math.round(number)) < 0.05
  return (whole ? WHOLE : TENTHS).format(number)
}

/**
 * `83 µs`, `1.2 ms`, `2.0 s`.
 *
 * @param {number | null | undefined} seconds
 */
export function time(seconds) {
  if (seconds === null || seconds === undefined) return '–'
  if (seconds < 0.000_95) return `${WHOLE.format(seconds * 1e6)} µs`
  if (seconds < 0.95) return `${count(seconds * 1e3)} ms`
  return `${TENTHS.format(seconds)} s`
}

/**
 * `98.2 %`.
 *
 * @param {number | null | undefined} part of one
 */
export function share(part) {
  return part === null || part === undefined ? '–' : `${TENTHS.format(part * 100)} %`
}
