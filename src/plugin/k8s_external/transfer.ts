import type { ServiceRecord } from '../../kube/store.ts'
import { CLASS, TYPE } from '../../wire/codes.ts'
import { ancestor, countLabels, type Name, nameOfLabels } from '../../wire/name.ts'
import { type Octets, type Rr, srvRdata } from '../../wire/record.ts'
import { targetOf, weightOf } from '../kubernetes/answers.ts'
import type { ExternalService } from '../kubernetes/external.ts'
import type { Hit } from '../kubernetes/hits.ts'
import type { Kubernetes } from '../kubernetes/kubernetes.ts'
import type { ExternalConfig } from './k8s_external.ts'

const FULL_WEIGHT = 100

/** What a transfer begins with. */
interface Start {
  readonly zone: Name
  readonly soa: Rr
  /** `ns1` of the zone. */
  readonly server: Name
  /** Of an IXFR. */
  readonly serial: number | undefined
}

/** The zone's records (RFC 5936 §2.2); only the SOA for a client that has this serial or a later one. */
export function* transfer(
  kubernetes: Kubernetes,
  config: ExternalConfig,
  { zone, soa, server, serial }: Start,
): Iterable<readonly Rr[]> {
  const { external } = kubernetes
  yield [soa]
  if (serial !== undefined && serial !== 0 && serial >= external.serial >>> 0) return
  const hosts = external.nameservers(config.headless)
  yield [
    {
      owner: zone,
      type: TYPE.NS,
      class: CLASS.IN,
      ttl: config.ttl,
      rdata: server as string as Octets,
    },
    ...hosts.map((host) => ({
      owner: server,
      type: host.type,
      class: CLASS.IN,
      ttl: config.ttl,
      rdata: host.rdata as Octets,
    })),
  ]
  const ttls = { own: config.ttl, cluster: external.ttl }
  for (const service of external.services(config.headless, kubernetes.reading())) {
    const base = ownName(service.service, zone)
    if (base === undefined) continue
    const records = service.headless
      ? headlessRecords(service, base, zone, ttls)
      : outsideRecords(service, base, ttls)
    yield different(records)
  }
  yield [soa]
}

type Ttls = { readonly own: number; readonly cluster: number }

/** External addresses at the Service's name, one SRV record there and one for each port's name: the first of each owner. */
function outsideRecords(service: ExternalService, base: Name, ttls: Ttls): Rr[] {
  const records: Rr[] = []
  const owners = new Set<Name>()
  for (const at of service.hits) {
    records.push(...hostRecords(at, base, ttls))
    const target = at.host.type === TYPE.CNAME ? (at.host.rdata as string as Name) : base
    if (at.port === -1 || target === undefined) continue
    const ported = portName(at, base)
    addSrv(records, owners, base, ttls, at, target)
    // The reference takes two labels off the target here, meant for a target that is the port's own name.
    const stripped = at.host.type === TYPE.CNAME ? withoutTwo(target) : target
    if (ported !== undefined) addSrv(records, owners, ported, ttls, at, stripped)
  }
  return records
}

function addSrv(
  records: Rr[],
  owners: Set<Name>,
  owner: Name,
  ttls: Ttls,
  at: Hit,
  target: Name,
): void {
  if (owners.has(owner)) return
  owners.add(owner)
  records.push(srv(owner, ttls.cluster, FULL_WEIGHT, at.port, target))
}

/** Endpoints at the Service's name and at their own, with SRV records there and at each named port. */
function headlessRecords(service: ExternalService, base: Name, zone: Name, ttls: Ttls): Rr[] {
  const records: Rr[] = []
  const { hits } = service
  const sharing = (at: Hit) => hits.filter((other) => samePort(other, at)).length
  for (const at of hits) {
    const own = targetOf(at, zone)
    if (own === undefined) continue
    records.push(...hostRecords(at, base, ttls), ...hostRecords(at, own, ttls))
    if (at.port === -1) continue
    const target = at.host.type === TYPE.CNAME ? (at.host.rdata as string as Name) : own
    records.push(srv(base, ttls.cluster, weightOf(hits.length), at.port, target))
    records.push(srv(own, ttls.cluster, FULL_WEIGHT, at.port, target))
    const ported = at.portName === '' ? undefined : portName(at, base)
    if (ported !== undefined) {
      records.push(srv(ported, ttls.cluster, weightOf(sharing(at)), at.port, own))
    }
  }
  return records
}

function samePort(a: Hit, b: Hit): boolean {
  return a.portName === b.portName && a.protocol === b.protocol
}

function hostRecords({ host }: Hit, owner: Name, ttls: Ttls): Rr[] {
  if (host.rdata === undefined) return []
  const ttl = host.type === TYPE.CNAME ? ttls.cluster : ttls.own
  return [{ owner, type: host.type, class: CLASS.IN, ttl, rdata: host.rdata }]
}

function srv(owner: Name, ttl: number, weight: number, port: number, target: Name): Rr {
  const rdata = srvRdata(0, weight, port & 0xffff, target)
  return { owner, type: TYPE.SRV, class: CLASS.IN, ttl, rdata }
}

/** `_http._tcp` before a Service's name; a port without a name is just `_`. */
function portName(at: Hit, base: Name): Name | undefined {
  return nameOfLabels([`_${at.portName}`, `_${at.protocol}`], base)
}

function withoutTwo(target: Name): Name {
  return countLabels(target) > 2 ? ancestor(target, 2) : target
}

function ownName({ name, namespace }: ServiceRecord, zone: Name): Name | undefined {
  return nameOfLabels([name, namespace], zone)
}

/** Each record once (RFC 2181 §5). */
function different(records: readonly Rr[]): Rr[] {
  const seen = new Map<string, Rr>()
  for (const record of records) {
    const key = `${record.type} ${record.owner} ${record.rdata}`
    if (!seen.has(key)) seen.set(key, record)
  }
  return [...seen.values()]
}
