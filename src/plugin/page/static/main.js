import { line, stack } from './chart.js'
import { byId, count, make, share, show, time } from './dom.js'
import { openExplainBox } from './explain.js'
import { drawHealth } from './health.js'
import { drawRoll, firstService, openRollForm, showChosen } from './roll.js'
import { drawTops } from './tops.js'

/** @import { Sample, Figures, Hello } from '../figures.ts' */

/** Milliseconds until a stream that was refused is asked for again. */
const RETRY_MS = 5000
/** Seconds that the charts show at least; they grow with what is known. */
const MIN_CHART_SECONDS = 60
/** Answers in the order of the chart, lowest first. */
const ANSWERS = /** @type {const} */ (['noerror', 'nodata', 'nxdomain', 'servfail', 'other'])
const WORDS = {
  noerror: 'NOERROR',
  nodata: 'no data',
  nxdomain: 'NXDOMAIN',
  servfail: 'SERVFAIL',
  other: 'other',
}

/** @type {Sample[]} */
let history = []
let seconds = 300
/** @type {EventSource | undefined} */
let stream

const rates = ANSWERS.map((answer) => {
  const number = make('b', { class: 'number' }, '–')
  byId('answers').append(make('li', { class: answer }, make('span', {}, WORDS[answer]), number))
  return { answer, number }
})

openExplainBox()
openRollForm((service) => {
  window.history.replaceState(null, '', `?${new URLSearchParams({ service })}`)
  follow(service)
})
follow(new URLSearchParams(location.search).get('service') ?? (await firstService()))

/** @param {string} service */
function follow(service) {
  stream?.close()
  showChosen(service)
  const mine = new EventSource(`page/events?${new URLSearchParams({ service })}`)
  stream = mine
  mine.addEventListener('open', () => connected('live', 'live'))
  mine.addEventListener('hello', ({ data }) => greet(JSON.parse(data)))
  mine.addEventListener('figures', ({ data }) => draw(JSON.parse(data)))
  mine.addEventListener('roll', ({ data }) => drawRoll(JSON.parse(data)))
  mine.addEventListener('error', () => {
    if (mine !== stream) return
    connected('gone', 'no connection, trying again')
    if (mine.readyState === EventSource.CLOSED)
      setTimeout(() => mine === stream && follow(service), RETRY_MS)
  })
}

/**
 * @param {string} state
 * @param {string} text
 */
function connected(state, text) {
  const element = byId('stream')
  element.dataset.state = state
  show(element, text)
}

/** @param {Hello} hello */
function greet(hello) {
  history = [...hello.history]
  seconds = hello.seconds
  show(byId('server'), `${hello.hostname} · ${hello.version}`)
  document.title = `Muster · ${hello.hostname}`
}

/** @param {Figures} figures */
function draw({ sample, clusters, upstreams, tops }) {
  history = [...history, sample].slice(-seconds)
  drawSample(sample)
  if (!document.hidden) drawCharts()
  drawHealth(clusters, upstreams)
  drawTops(tops)
}

/** @param {Sample} sample */
function drawSample(sample) {
  show(byId('rate'), count(ANSWERS.reduce((sum, answer) => sum + sample[answer], 0)))
  for (const { answer, number } of rates) show(number, count(sample[answer]))
  show(byId('latency-half'), time(sample.half))
  show(byId('latency-most'), time(sample.most))
  show(byId('hits'), share(sample.hits))
  show(byId('busy'), share(sample.busy))
}

function drawCharts() {
  const series = ANSWERS.map(
    (answer) => /** @type {const} */ ([answer, history.map((sample) => sample[answer])]),
  )
  const length = Math.max(MIN_CHART_SECONDS, history.length)
  const peak = stack(byId('rates'), series, length)
  show(byId('rates-since'), length < 120 ? `${length} s ago` : `${Math.floor(length / 60)} min ago`)
  show(byId('rates-peak'), `peak ${count(peak)}`)
  line(
    byId('latency-line'),
    history.map(({ most }) => most),
    length,
  )
  line(
    byId('hits-line'),
    history.map(({ hits }) => hits),
    length,
    1,
  )
  line(
    byId('busy-line'),
    history.map(({ busy }) => busy),
    length,
    1,
  )
}
