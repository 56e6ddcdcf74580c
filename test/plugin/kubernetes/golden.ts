import { namespace, service, slice } from '../../kube/objects.ts'

const tcp = (name: string | undefined, port: number) => ({
  ...(name !== undefined && { name }),
  port,
  protocol: 'TCP',
})
const udp = (name: string, port: number) => ({ name, port, protocol: 'UDP' })
const at = (address: string, more: object = {}) => ({
  addresses: [address],
  conditions: { ready: true },
  ...more,
})
const external = (name: string, externalName: string) =>
  service(name, 'testns', {
    type: 'ExternalName',
    clusterIP: undefined,
    clusterIPs: undefined,
    externalName,
  })
const headless = { clusterIP: 'None', ports: [tcp('http', 80)] }

/** The cluster that the reference was measured over (reference notes, golden vectors). */
export const goldenCluster = [
  ...['testns', 'kube-system'].map(namespace),
  service('svc1', 'testns', { clusterIP: '10.0.0.1', ports: [tcp('http', 80), tcp('https', 443)] }),
  slice('svc1', 'testns', 'svc1', [at('172.0.0.20'), at('172.0.0.21', { hostname: 'named' })], {
    ports: [tcp('http', 8080), tcp('https', 8443)],
  }),
  service('svc2', 'testns', { clusterIP: '10.0.0.2', ports: [tcp(undefined, 8080)] }),
  service('dual', 'testns', {
    clusterIP: '10.0.0.3',
    clusterIPs: ['10.0.0.3', 'fd00:1::3'],
    ports: [tcp('http', 80)],
  }),
  service('dual6', 'testns', {
    clusterIP: 'fd00:1::4',
    clusterIPs: ['fd00:1::4', '10.0.0.4'],
    ports: [tcp('http', 80), udp('dns', 53)],
  }),
  service('multi', 'testns', {
    clusterIP: '10.0.0.11',
    ports: [udp('dns', 53), tcp('dns-tcp', 53), tcp('metrics', 9153)],
  }),
  service('noport', 'testns', { clusterIP: '10.0.0.10', ports: [] }),
  service('hdls', 'testns', headless),
  slice('hdls-b', 'testns', 'hdls', [at('fd00:2::2'), at('fd00:2::')], { addressType: 'IPv6' }),
  slice('hdls-a', 'testns', 'hdls', [
    at('172.0.0.2'),
    at('172.0.0.3', { conditions: {} }),
    at('172.0.0.4', { hostname: 'web-0' }),
    at('172.0.0.5', { conditions: { ready: false } }),
    at('172.0.0.6', { conditions: { ready: false, serving: true, terminating: true } }),
    at('172.0.0.7'),
  ]),
  service('hdlsdup', 'testns', headless),
  slice('hdlsdup-a', 'testns', 'hdlsdup', [at('172.0.3.1', { hostname: 'x' }), at('172.0.3.2')]),
  slice('hdlsdup-b', 'testns', 'hdlsdup', [at('172.0.3.1', { hostname: 'x' }), at('172.0.3.3')]),
  service('hdlsmp', 'testns', { clusterIP: 'None', ports: [tcp('a', 1), tcp('b', 2)] }),
  slice('hdlsmp', 'testns', 'hdlsmp', ['172.0.4.1', '172.0.4.2', '172.0.4.3'], {
    ports: [tcp('a', 1), tcp('b', 2)],
  }),
  service('hdls6', 'testns', headless),
  slice('hdls6', 'testns', 'hdls6', ['fd00:2::6'], { addressType: 'IPv6' }),
  slice('shared', 'testns', 'hdlsmp2', ['172.0.0.20'], { ports: [tcp('a', 1)] }),
  external('ext1', 'ok.example.test'),
  external('ext2', 'svc1.testns.svc.cluster.local'),
  external('ext3', 'missing.testns.svc.cluster.local'),
  external('ext4', '10.1.2.3'),
  external('ext5', 'nxdomain.example.test'),
  external('ext6', 'servfail.example.test'),
  external('ext7', 'ext8.testns.svc.cluster.local'),
  external('ext8', 'ext7.testns.svc.cluster.local'),
  external('ext9', 'ext2.testns.svc.cluster.local'),
  external('exta', 'exta.testns.svc.cluster.local'),
  service('big', 'testns', headless),
  slice(
    'big',
    'testns',
    'big',
    Array.from({ length: 150 }, (_, i) => `172.1.${i >> 7}.${i & 127}`),
  ),
  service('kube-dns', 'kube-system', { clusterIP: '10.96.0.10', ports: [udp('dns', 53)] }),
  slice('kube-dns-4', 'kube-system', 'kube-dns', ['192.0.2.53'], { ports: [udp('dns', 53)] }),
  slice('kube-dns-6', 'kube-system', 'kube-dns', ['2001:db8::53'], {
    ports: [udp('dns', 53)],
    addressType: 'IPv6',
  }),
]

/** Where the server stands in it. */
export const goldenAddresses = ['192.0.2.53', '2001:db8::53']
