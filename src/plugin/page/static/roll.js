import { breakable, byId, make, show, state } from './dom.js'
import { explainName } from './explain.js'

/** @import { Picture } from '../roll.ts' */
/** @import { RollEndpoint } from '../../standing.ts' */

const form = /** @type {HTMLFormElement} */ (byId('roll-form'))
const input = /** @type {HTMLInputElement} */ (byId('roll-service'))
const suggestions = byId('services')
const summary = byId('roll-summary')
const output = byId('roll')
/** Milliseconds after the last key until Services are looked for. */
const TYPING_MS = 150
/** State of each endpoint in the picture before, by address.
 * @type {Map<string, string>} */
let before = new Map()
let shownService = ''

/**
 * Has the form choose the Service to watch.
 *
 * @param {(service: string) => void} choose
 */
export function openRollForm(choose) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(() => void suggest(input.value.trim()), TYPING_MS)
  })
  // Choosing a suggestion is enough.
  input.addEventListener('change', () => form.requestSubmit())
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const service = input.value.trim()
    if (service !== '' && service !== shownService) choose(service)
  })
}

/** What to begin with: a Service with something not ready behind it, where there is one. */
export async function firstService() {
  const [first = ''] = await suggest('')
  input.value = first
  return first
}

/** @param {string} service */
export function showChosen(service) {
  shownService = service
  input.value = service
}

/**
 * @param {string} text
 * @returns {Promise<string[]>}
 */
async function suggest(text) {
  try {
    const response = await fetch(`page/services?${new URLSearchParams({ q: text })}`)
    const found = /** @type {string[]} */ (await response.json())
    suggestions.replaceChildren(...found.map((service) => make('option', { value: service })))
    return found
  } catch {
    return []
  }
}

/** @param {Picture} picture */
export function drawRoll({ service, roll, waiting, answers }) {
  if (service !== shownService) return
  if (roll === undefined) {
    show(summary, `There is no Service ${service}.`)
    output.replaceChildren()
    before = new Map()
    return
  }
  const { endpoints, externalName, publishesNotReady, type, name } = roll
  const ready = endpoints.filter((endpoint) => endpoint.state === 'ready').length
  const unready = publishesNotReady ? ', and DNS tells of those that are not' : ''
  show(
    summary,
    type === 'ExternalName'
      ? `ExternalName: leads to ${externalName}.`
      : `${type === 'headless' ? 'Headless' : type}: ${ready} of ${endpoints.length + waiting.length} ready${unready}.`,
  )
  output.replaceChildren(
    ...(endpoints.length + waiting.length === 0 ? [] : [endpointTable(endpoints, waiting, type)]),
    said(name, answers),
  )
  before = new Map(endpoints.map((endpoint) => [endpoint.address, stateOf(endpoint)]))
}

/** @param {RollEndpoint} endpoint */
const stateOf = ({ state, told }) => `${state} ${told}`

/**
 * @param {readonly RollEndpoint[]} endpoints
 * @param {Picture['waiting']} waiting
 * @param {string} type
 */
function endpointTable(endpoints, waiting, type) {
  const told = type === 'headless' ? 'In DNS' : 'Own name'
  const heads = ['Pod and address', 'State', told].map((head) => make('th', { scope: 'col' }, head))
  const body = make('tbody', {}, ...endpoints.map(endpointRow), ...waiting.map(waitingRow))
  return make('table', {}, make('thead', {}, make('tr', {}, ...heads)), body)
}

const LEVELS = /** @type {const} */ ({ ready: 'good', 'not-ready': 'bad', terminating: 'fair' })

/** @param {RollEndpoint} endpoint */
function endpointRow(endpoint) {
  const { pod, address, node, state: word, told, name } = endpoint
  const known = before.get(address)
  const changed = before.size > 0 && known !== stateOf(endpoint)
  const title = [pod, node === '' ? '' : `on ${node}`, name].filter(Boolean).join(' ')
  return make(
    'tr',
    { ...(changed && { class: 'changed' }), title },
    make(
      'td',
      { class: 'endpoint' },
      make('span', { class: 'name' }, ...breakable(pod === '' ? '–' : pod)),
      make('span', { class: 'address' }, address),
    ),
    make('td', {}, state(LEVELS[word], word.replace('-', ' '))),
    make('td', {}, told ? 'yes' : 'no'),
  )
}

/** @param {Picture['waiting'][number]} waiting */
function waitingRow({ pod, says }) {
  return make(
    'tr',
    {},
    make('td', { class: 'endpoint' }, make('span', { class: 'name' }, ...breakable(pod))),
    make('td', {}, state('fair', says)),
    make('td', {}, 'no'),
  )
}

/**
 * What DNS says of the Service's name.
 *
 * @param {string} name
 * @param {Picture['answers']} answers
 */
function said(name, answers) {
  const button = make('button', { type: 'button', class: 'plain' }, ...breakable(name))
  button.addEventListener('click', () => explainName(name))
  const lines = answers.flatMap(({ type, rcode, records }) =>
    records.length === 0
      ? [`${type} ${rcode === 'NOERROR' ? 'nothing' : rcode}`]
      : records.map((record) => recordLine(name, record)),
  )
  return make(
    'div',
    { class: 'said' },
    make('h3', {}, 'DNS says of ', button),
    make('pre', { tabindex: '0', 'aria-label': `what DNS says of ${name}` }, lines.join('\n')),
  )
}

/**
 * `A 10.42.0.20 for 30 s`, with its owner where that is another one.
 *
 * @param {string} name
 * @param {string} record in the form of a zone file
 */
function recordLine(name, record) {
  const [owner = '', ttl, , type, ...data] = record.split(/\s+/)
  return `${owner === name ? '' : `${owner} `}${type} ${data.join(' ')} for ${ttl} s`
}
