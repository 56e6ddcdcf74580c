const SVG = 'http://www.w3.org/2000/svg'

/**
 * Draws series on top of each other, newest at the right, and gives the highest sum.
 *
 * @param {Element} svg
 * @param {readonly (readonly [string, readonly number[]])[]} series class and values of each, lowest first
 * @param {number} length values that the whole width is for
 */
export function stack(svg, series, length) {
  const { width, height } = sizeOf(svg)
  const known = series[0]?.[1].length ?? 0
  /** @type {number[]} */
  let below = Array(known).fill(0)
  const levels = series.map(([name, values]) => {
    const from = below
    below = below.map((sum, i) => sum + (values[i] ?? 0))
    return { name, from, to: below }
  })
  const peak = Math.max(0, ...below)
  const x = (/** @type {number} */ i) => ((length - known + i) / (length - 1)) * width
  const y = (/** @type {number} */ value) => height - (value / (peak || 1)) * (height - 2)
  const paths = levels.map(({ name, from, to }) => {
    const up = to.map((value, i) => `${place(x(i))},${place(y(value))}`)
    const down = from.map((value, i) => `${place(x(i))},${place(y(value))}`).reverse()
    return path(name, known < 2 ? '' : `M${up.join('L')}L${down.join('L')}Z`)
  })
  svg.replaceChildren(...paths)
  return peak
}

/**
 * Draws a line, newest at the right; where a value is null there is none.
 *
 * @param {Element} svg
 * @param {readonly (number | null)[]} values
 * @param {number} length values that the whole width is for
 * @param {number} [top] what the whole height is for; the highest value without
 */
export function line(svg, values, length, top) {
  const { width, height } = sizeOf(svg)
  const highest = top ?? Math.max(0, ...values.map((value) => value ?? 0))
  let text = ''
  let drawing = false
  values.forEach((value, i) => {
    if (value !== null) {
      const x = ((length - values.length + i) / (length - 1)) * width
      const y = height - 1 - (value / (highest || 1)) * (height - 2)
      text += `${drawing ? 'L' : 'M'}${place(x)},${place(y)}`
    }
    drawing = value !== null
  })
  svg.replaceChildren(path('line', text))
}

/** @param {Element} svg */
function sizeOf(svg) {
  const { width, height } = /** @type {SVGSVGElement} */ (svg).viewBox.baseVal
  return { width, height }
}

/**
 * @param {string} name
 * @param {string} data
 */
function path(name, data) {
  const element = document.createElementNS(SVG, 'path')
  element.setAttribute('class', name)
  element.setAttribute('d', data)
  return element
}

const place = (/** @type {number} */ number) => number.toFixed(1)
