import { CLASS, TYPE } from '../../wire/codes.ts'
import type { Name } from '../../wire/name.ts'
import { type Octets, type Rr, srvRdata } from '../../wire/record.ts'
import type { Hit, Hits, ServiceAnswer } from './hits.ts'
import { inZone } from './zones.ts'

/** Records of an answer, and what goes along with it. */
export interface Records {
  readonly answer: readonly Rr[]
  readonly additional: readonly Rr[]
}

export const NO_RECORDS: Records = { answer: [], additional: [] }

/** A record that cannot be written: a label is empty or too long, or the name. The reference sends nothing then. */
export const UNSPEAKABLE = 'unspeakable'

/** The addresses of one family at a name. */
export function addressRecords(owner: Name, ttl: number, hits: Hits, type: number): Rr[] {
  const addresses = hits.addresses(type)
  const records = new Array<Rr>(addresses.length)
  for (let i = 0; i < addresses.length; i++) {
    records[i] = { owner, type, class: CLASS.IN, ttl, rdata: addresses[i] as Octets }
  }
  return records
}

/**
 * SRV records (RFC 2782) to every port of every host, and the hosts' addresses. All hits share the weight 100, those that say the same twice and those without
 * a port too.
 *
 * @param suffix the zone in the client's spelling
 */
export function serviceRecords(
  owner: Name,
  suffix: Name,
  ttl: number,
  hits: Hits,
): Records | typeof UNSPEAKABLE {
  const { rdata, additional } = hits.services(suffix, (list) => serviceAnswer(list, suffix, ttl))
  if (rdata === undefined) return UNSPEAKABLE
  if (rdata.length === 0) return NO_RECORDS
  const { SRV: type } = TYPE
  return {
    answer: rdata.map((one) => ({ owner, type, class: CLASS.IN, ttl, rdata: one })),
    additional,
  }
}

function serviceAnswer(hits: readonly Hit[], suffix: Name, ttl: number): ServiceAnswer {
  const weight = weightOf(hits.length)
  const rdata: Octets[] = []
  const additional: Rr[] = []
  const seen = new Set<string>()
  for (const hit of hits) {
    if (hit.port === -1) continue
    const target = targetOf(hit, suffix)
    if (target === undefined) return { suffix, rdata: undefined, additional }
    const port = hit.port & 0xffff
    if (isNew(seen, `${port} ${target}`)) rdata.push(srvRdata(0, weight, port, target))
    if (isNew(seen, `${hit.host.text}/${target}`)) additional.push(glue(target, ttl, hit))
  }
  return { suffix, rdata, additional }
}

/** NS records with all addresses, repeated ones too. */
export function nameserverRecords(
  owner: Name,
  suffix: Name,
  ttl: number,
  hits: readonly Hit[],
): Records | typeof UNSPEAKABLE {
  const answer: Rr[] = []
  const additional: Rr[] = []
  const seen = new Set<string>()
  for (const hit of hits) {
    const target = targetOf(hit, suffix)
    if (target === undefined) return UNSPEAKABLE
    if (isNew(seen, target)) {
      const rdata = target as string as Octets
      answer.push({ owner, type: TYPE.NS, class: CLASS.IN, ttl, rdata })
    }
    additional.push(glue(target, ttl, hit))
  }
  return { answer, additional }
}

/** 100 shared by so many, and at least 1 each. */
export function weightOf(hits: number): number {
  return Math.max(1, Math.floor(100 / hits))
}

/** The name that stands for a hit's host; undefined where there is none. */
export function targetOf(hit: Hit, suffix: Name): Name | undefined {
  return hit.target === undefined ? undefined : inZone(hit.target, suffix)
}

/** The address of a hit's host under its name. */
export function glue(owner: Name, ttl: number, hit: Hit): Rr {
  return { owner, type: hit.host.type, class: CLASS.IN, ttl, rdata: hit.host.rdata as Octets }
}

function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false
  seen.add(key)
  return true
}
