import { byId, make } from './dom.js'

/** @import { Walk, Step, Fact } from '../../why.ts' */

const form = /** @type {HTMLFormElement} */ (byId('explain-form'))
const nameInput = /** @type {HTMLInputElement} */ (byId('explain-name'))
const typeInput = /** @type {HTMLSelectElement} */ (byId('explain-type'))
const output = byId('explained')
let asked = 0

/** Has the box answer its form. */
export function openExplainBox() {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void explain()
  })
}

/**
 * Asks for an explanation as if it had been typed.
 *
 * @param {string} name
 * @param {string} [type]
 */
export function explainName(name, type = 'A') {
  nameInput.value = name
  typeInput.value = [...typeInput.options].some(({ value }) => value === type) ? type : 'A'
  form.scrollIntoView({ block: 'nearest' })
  // On a phone that would bring up the keyboard, over the answer.
  if (matchMedia('(hover: hover)').matches) nameInput.focus()
  void explain()
}

async function explain() {
  const mine = ++asked
  output.setAttribute('aria-busy', 'true')
  const query = new URLSearchParams({
    name: nameInput.value.trim(),
    type: typeInput.value,
    format: 'json',
  })
  let shown
  try {
    const response = await fetch(`page/explain?${query}`)
    shown = response.ok
      ? explanation(await response.json())
      : [complaint((await response.text()).split('\n')[0] ?? '')]
  } catch {
    shown = [complaint('The server cannot be asked.')]
  }
  if (mine !== asked) return
  output.replaceChildren(...shown)
  output.removeAttribute('aria-busy')
}

/** @param {string} text */
const complaint = (text) => make('p', { class: 'problem' }, text)

/** @param {Walk} walk */
function explanation(walk) {
  const { name, type, rcode, answer, problems, steps, listener, zone } = walk
  const level = rcode === 'NOERROR' ? (answer.length > 0 ? 'good' : 'fair') : 'bad'
  const what =
    rcode === 'NOERROR' && answer.length === 0 ? 'NOERROR, and nothing of this type' : rcode
  const way = zone === undefined ? 'No server block takes it.' : `By ${listener}, block ${zone}`
  return [
    make(
      'p',
      { class: 'question' },
      make('code', {}, `${name} ${type}`),
      ' ',
      make('span', { class: `state ${level}` }, what),
    ),
    ...(answer.length === 0
      ? []
      : [make('pre', { tabindex: '0', 'aria-label': 'answer' }, answer.map(plain).join('\n'))]),
    ...problems.map(({ reason, remedy }) =>
      make(
        'div',
        { class: 'problem' },
        make('p', {}, reason),
        make('p', { class: 'remedy' }, ...withCode(remedy)),
      ),
    ),
    make('p', { class: 'note' }, way),
    make(
      'ol',
      { class: 'way' },
      ...steps.filter(({ did }) => did !== 'skipped').map((step) => stepItem(step, walk)),
    ),
  ]
}

/**
 * @param {Step} step
 * @param {Walk} walk
 */
function stepItem(step, walk) {
  const { plugin, did, rcode, error, facts } = step
  const other =
    step.name === walk.name && step.type === walk.type ? '' : ` ${step.name} ${step.type}`
  const told = {
    passed: 'passes it on',
    skipped: '',
    answered: `answers ${rcode}`,
    changed: `changes it to ${rcode}`,
  }[did]
  const item = make(
    'li',
    { class: did },
    make('b', {}, plugin),
    `${other} ${told}${error === undefined ? '' : `: ${error}`}`,
  )
  if (facts.length > 0) item.append(make('ul', {}, ...facts.map(factItem)))
  return item
}

/** @param {Fact} fact */
function factItem({ kind, name, version, ageSeconds, says }) {
  const known = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(ageSeconds === undefined ? [] : [`${age(ageSeconds)} old`]),
  ]
  const note = known.length === 0 ? '' : ` (${known.join(', ')})`
  return make('li', {}, `${kind} `, make('code', {}, name), `${note}: ${says}`)
}

/** @param {number} seconds */
function age(seconds) {
  if (seconds >= 172_800) return `${Math.floor(seconds / 86_400)} d`
  if (seconds >= 7200) return `${Math.floor(seconds / 3600)} h`
  return seconds >= 120 ? `${Math.floor(seconds / 60)} min` : `${seconds} s`
}

/**
 * What stands between backquotes is code.
 *
 * @param {string} text
 */
function withCode(text) {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : make('code', {}, part)))
}

/** @param {string} record */
const plain = (record) => record.replaceAll('\t', ' ')
