import { byId, count, make, show, state, time } from './dom.js'

/** @import { Cluster, UpstreamFigures } from '../figures.ts' */

const watches = byId('watches')
const source = byId('source')
const alarm = byId('alarm')
const upstreams = byId('upstreams')

/**
 * @param {readonly Cluster[]} clusters
 * @param {readonly UpstreamFigures[]} list
 */
export function drawHealth(clusters, list) {
  drawWatches(clusters)
  drawUpstreams(list)
  const wrong = [...clusters.flatMap(wrongWith), ...list.flatMap(wrongUpstream)]
  alarm.hidden = wrong.length === 0
  show(alarm, wrong.join(' '))
}

/** @param {Cluster} cluster */
function wrongWith(cluster) {
  const silent = cluster.watches.filter((watch) => watch.state === 'late')
  return [
    ...(cluster.source === 'api' ? [] : [sourceOf(cluster)]),
    ...silent.map(({ resource }) => `The API is silent about ${resource}.`),
  ]
}

/** @param {UpstreamFigures} upstream */
function wrongUpstream({ address, state }) {
  return state === 'down' ? [`Upstream ${address} is down.`] : []
}

/** @param {readonly Cluster[]} clusters */
function drawWatches(clusters) {
  show(source, clusters.length === 0 ? 'No cluster is served.' : clusters.map(sourceOf).join(' '))
  const many = clusters.length > 1
  const rows = clusters.flatMap((cluster, i) =>
    cluster.watches.map((watch) => ({ watch, of: many ? ` (${i + 1})` : '' })),
  )
  watches.replaceChildren(
    ...rows.map(({ watch, of }) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, `${watch.resource}${of}`),
        make('td', { class: 'number' }, count(watch.objects)),
        make(
          'td',
          { class: 'number' },
          watch.silentSeconds === undefined ? '–' : `${Math.round(watch.silentSeconds)} s ago`,
        ),
        make('td', {}, WATCH_STATES[watch.state]()),
      ),
    ),
  )
}

const WATCH_STATES = {
  fresh: () => state('good', 'fresh'),
  late: () => state('bad', 'silent'),
  waiting: () => state('fair', 'not listed yet'),
}

/** @param {Cluster} cluster */
function sourceOf({ synced, source }) {
  if (!synced) return 'The API has not given its complete lists yet.'
  return source === 'snapshot'
    ? 'The API is away: answers are from a snapshot.'
    : 'Answers are from the API.'
}

/** @param {readonly UpstreamFigures[]} list */
function drawUpstreams(list) {
  byId('upstreams-none').hidden = list.length > 0
  byId('upstreams-table').hidden = list.length === 0
  upstreams.replaceChildren(
    ...list.map(({ address, state: word, failedChecks, rate, mean }) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row', class: 'address' }, address),
        make('td', { class: 'number' }, count(rate)),
        make('td', { class: 'number' }, time(mean)),
        make('td', {}, UPSTREAM_STATES[word](failedChecks)),
      ),
    ),
  )
}

const UPSTREAM_STATES = {
  up: () => state('good', 'up'),
  suspect: () => state('fair', 'being checked'),
  down: (/** @type {number} */ checks) => state('bad', `down, ${count(checks)} checks failed`),
}
