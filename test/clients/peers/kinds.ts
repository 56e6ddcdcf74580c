import type { Kind } from './daemon.ts'
import { ZONE, ZONE_FILE } from './zone.ts'

const NAMED_OPTIONS = (port: number, folder: string) => `
options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  lock-file none;
  recursion no;
  minimal-responses yes;
  dnssec-validation no;
  allow-transfer { any; };
  notify no;
};
controls { };
`

/** BIND with the zone. */
export const NAMED: Kind = {
  program: 'named',
  args: ['-g', '-c', 'named.conf'],
  files: (port, folder) => ({
    'named.conf': `${NAMED_OPTIONS(port, folder)}zone "${ZONE}" { type primary; file "zone"; };\n`,
    zone: ZONE_FILE,
  }),
}

/** BIND that has a zone from a primary on a port of 127.0.0.1. */
export const namedSecondary = (zone: string, primary: number): Kind => ({
  ...NAMED,
  files: (port, folder) => ({
    'named.conf': `${NAMED_OPTIONS(port, folder)}
zone "${zone}" { type secondary; primaries port ${primary} { 127.0.0.1; }; file "copy"; };\n`,
  }),
})

export const KNOT: Kind = {
  program: 'knotd',
  args: ['-c', 'knot.conf'],
  files: (port, folder) => ({
    'knot.conf': `
server:
  rundir: ${folder}
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}
acl:
  - id: here
    address: 127.0.0.1
    action: transfer
zone:
  - domain: ${ZONE}
    storage: ${folder}
    file: zone
    acl: here
`,
    zone: ZONE_FILE,
  }),
}

/** Knot that has the zone from a primary on a port of 127.0.0.1. */
export const knotSecondary = (primary: number): Kind => ({
  ...KNOT,
  files: (port, folder) => ({
    'knot.conf': `
server:
  rundir: ${folder}
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}
remote:
  - id: primary
    address: 127.0.0.1@${primary}
acl:
  - id: notify
    address: 127.0.0.1
    action: notify
zone:
  - domain: ${ZONE}
    storage: ${folder}
    master: primary
    acl: notify
`,
  }),
})

/** NSD that has the zone from a primary on a port of 127.0.0.1, by IXFR where it can. */
export const nsdSecondary = (primary: number): Kind => ({
  ...NSD,
  files: (port, folder) => ({
    'nsd.conf': `
server:
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  pidfile: ""
  zonesdir: "${folder}"
  database: ""
  xfrdfile: "${folder}/xfrd"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zones"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "${ZONE}"
  zonefile: "copy"
  request-xfr: 127.0.0.1@${primary} NOKEY
  allow-notify: 127.0.0.1 NOKEY
`,
  }),
})

export const NSD: Kind = {
  program: 'nsd',
  args: ['-d', '-c', 'nsd.conf'],
  files: (port, folder) => ({
    'nsd.conf': `
server:
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  pidfile: ""
  zonesdir: "${folder}"
  database: ""
  xfrdfile: "${folder}/xfrd"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zones"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "${ZONE}"
  zonefile: "zone"
  provide-xfr: 127.0.0.1 NOKEY
`,
    zone: ZONE_FILE,
  }),
}

export const UNBOUND: Kind = {
  program: 'unbound',
  args: ['-d', '-c', 'unbound.conf'],
  files: (port, folder) => ({
    'unbound.conf': `
server:
  interface: 127.0.0.1@${port}
  username: ""
  chroot: ""
  pidfile: ""
  directory: "${folder}"
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
auth-zone:
  name: "${ZONE}"
  zonefile: "zone"
  for-downstream: yes
  for-upstream: yes
`,
    zone: ZONE_FILE,
  }),
}
