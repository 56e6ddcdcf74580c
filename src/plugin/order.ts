import { module as acl } from './acl/setup.ts'
import { module as any } from './any/setup.ts'
import { module as auto } from './auto/setup.ts'
import { module as autopath } from './autopath/setup.ts'
import { module as bind } from './bind/setup.ts'
import { module as bufsize } from './bufsize/setup.ts'
import { module as cache } from './cache/setup.ts'
import { module as cancel } from './cancel/setup.ts'
import { module as chaos } from './chaos/setup.ts'
import { module as debug } from './debug/setup.ts'
import { module as dns64 } from './dns64/setup.ts'
import { module as erratic } from './erratic/setup.ts'
import { module as errors } from './errors/setup.ts'
import { module as explain } from './explain/setup.ts'
import { module as file } from './file/setup.ts'
import { module as forward } from './forward/setup.ts'
import { module as header } from './header/setup.ts'
import { module as health } from './health/setup.ts'
import { module as hosts } from './hosts/setup.ts'
import { module as k8sExternal } from './k8s_external/setup.ts'
import { module as kubernetes } from './kubernetes/setup.ts'
import { module as loadbalance } from './loadbalance/setup.ts'
import { module as local } from './local/setup.ts'
import { module as log } from './log/setup.ts'
import { module as loop } from './loop/setup.ts'
import { module as metadata } from './metadata/setup.ts'
import { module as minimal } from './minimal/setup.ts'
import { module as multisocket } from './multisocket/setup.ts'
import { module as nsid } from './nsid/setup.ts'
import { module as on } from './on/setup.ts'
import { module as page } from './page/setup.ts'
import { module as pprof } from './pprof/setup.ts'
import { module as prometheus } from './prometheus/setup.ts'
import { module as ready } from './ready/setup.ts'
import { module as reload } from './reload/setup.ts'
import { module as rewrite } from './rewrite/setup.ts'
import { module as root } from './root/setup.ts'
import { module as secondary } from './secondary/setup.ts'
import type { PluginModule } from './setup.ts'
import { module as shed } from './shed/setup.ts'
import { module as template } from './template/setup.ts'
import { module as timeouts } from './timeouts/setup.ts'
import { module as tls } from './tls/setup.ts'
import { module as transfer } from './transfer/setup.ts'
import { module as tsig } from './tsig/setup.ts'
import { module as view } from './view/setup.ts'
import { module as whoami } from './whoami/setup.ts'

/**
 * Every plugin that Muster has, in the order of the chain, which is the reference's: root, metadata, geoip, cancel, proxyproto, quic, grpc_server, https,
 * https3, timeouts, multisocket, reload, nsid, bufsize, bind, debug, trace, ready, health, pprof, shed, prometheus, errors, log, dnstap, local, dns64,
 * any, chaos, loadbalance, tsig, rewrite, autopath, acl, cache, header, dnssec, tls, minimal, template, transfer, hosts, route53, azure, clouddns,
 * k8s_external, kubernetes, file, auto, secondary, etcd, loop, forward, grpc, erratic, whoami, on, sign, view, nomad. What is not in the list is an
 * unknown directive. `explain` and `page` are Muster's own.
 */
export const ORDER: readonly PluginModule[] = [
  root,
  metadata,
  cancel,
  timeouts,
  multisocket,
  reload,
  nsid,
  bufsize,
  bind,
  debug,
  ready,
  health,
  pprof,
  shed,
  prometheus,
  errors,
  log,
  explain,
  page,
  local,
  dns64,
  any,
  chaos,
  loadbalance,
  tsig,
  rewrite,
  autopath,
  acl,
  cache,
  header,
  tls,
  minimal,
  template,
  transfer,
  hosts,
  k8sExternal,
  kubernetes,
  file,
  auto,
  secondary,
  loop,
  forward,
  erratic,
  whoami,
  on,
  view,
]
