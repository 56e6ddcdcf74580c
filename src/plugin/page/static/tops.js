import { breakable, byId, count, make, show } from './dom.js'
import { explainName } from './explain.js'

/** @import { Tops } from '../figures.ts' */

const POINTER = matchMedia('(hover: hover)')

/** @typedef {{ name: HTMLElement, note: string, count: number }} Row */

/** @type {readonly (readonly [string, string, string, (tops: Tops) => Row[]])[]} */
const TABLES = [
  [
    'clients',
    'Top clients',
    'Nobody has asked lately.',
    ({ topClients }) => topClients.map(clientRow),
  ],
  ['names', 'Top names', 'Nothing was asked lately.', ({ topNames }) => topNames.map(nameRow)],
  [
    'failing',
    'Top failing names',
    'Nothing failed lately.',
    ({ topFailing }) => topFailing.map(failingRow),
  ],
]

const tables = TABLES.map(([id, title, none, rowsOf]) => {
  const note = make('p', { class: 'note' })
  const list = make('ol', { class: `top ${id}`, 'data-none': none })
  const heading = make('h2', { id: `${id}-title` }, title)
  byId('tops').append(make('section', { 'aria-labelledby': `${id}-title` }, heading, note, list))
  return { note, list, rowsOf }
})

/** @param {Tops} tops */
export function drawTops(tops) {
  const { topSeconds, sampledOneIn } = tops
  const about = sampledOneIn > 1 ? `, one query in ${sampledOneIn} looked at` : ''
  for (const { note, list, rowsOf } of tables) {
    // Under the keyboard and the pointer nothing moves. A finger is over nothing, whatever :hover says.
    const held = POINTER.matches && list.matches(':hover')
    if (held || list.contains(document.activeElement)) continue
    show(note, `in ${Math.round(topSeconds)} s${about}`)
    const rows = rowsOf(tops)
    const most = Math.max(1, ...rows.map((row) => row.count))
    list.replaceChildren(...rows.map((row) => item(row, most)))
  }
}

/**
 * @param {Row} row
 * @param {number} most
 */
function item({ name, note, count: times }, most) {
  const max = String(most)
  return make(
    'li',
    {},
    make('span', { class: 'who' }, name, make('small', {}, note === '' ? '' : ` ${note}`)),
    make('span', { class: 'number' }, count(times)),
    make('meter', { max, value: String(times), 'aria-hidden': 'true' }),
  )
}

/**
 * @param {Tops['topClients'][number]} client
 * @returns {Row}
 */
function clientRow({ address, pod, count }) {
  const name = make('span', { class: 'name' }, ...breakable(pod ?? address))
  return { name, note: pod === undefined ? '' : address, count }
}

/**
 * @param {Tops['topNames'][number]} row
 * @returns {Row}
 */
function nameRow({ name, type, count }) {
  return { name: asking(name, type), note: type, count }
}

/**
 * @param {Tops['topFailing'][number]} row
 * @returns {Row}
 */
function failingRow({ name, type, outcome, clients, count }) {
  const who = clients.map(({ pod, address }) => pod ?? address)
  const by =
    who.length === 0 ? '' : `, by ${who.slice(0, 2).join(', ')}${who.length > 2 ? ', …' : ''}`
  return { name: asking(name, type), note: `${type} ${outcome}${by}`, count }
}

/**
 * A name that is explained when it is pressed.
 *
 * @param {string} name
 * @param {string} type
 */
function asking(name, type) {
  const button = make(
    'button',
    { type: 'button', class: 'plain', title: 'Explain' },
    ...breakable(name),
  )
  button.addEventListener('click', () => explainName(name, type))
  return button
}
