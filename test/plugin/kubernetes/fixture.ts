import { namespace, pod, service, slice } from '../../kube/objects.ts'

export { namespace, pod, service, serviceImport, slice } from '../../kube/objects.ts'

const http = { name: 'http', port: 80, protocol: 'TCP' }
const headless = (ports: object[] = [http]) => ({ clusterIP: 'None', ports })
const at = (address: string, hostname?: string) => ({
  addresses: [address],
  conditions: { ready: true },
  ...(hostname !== undefined && { hostname }),
})

/** The cluster that the reference's own tests of answers are over (reference notes, inventory of tests). */
export const handlerCluster = [
  ...['testns', 'unexposedns', 'kube-system', 'podns', 'svcns'].map(namespace),
  service('svc1', 'testns', { clusterIP: '10.0.0.1', ports: [http] }),
  slice('svc1', 'testns', 'svc1', [at('172.0.0.1', 'ep1a')]),
  service('svcempty', 'testns', { clusterIP: '10.0.0.1', ports: [http] }),
  slice('svcempty', 'testns', 'svcempty', []),
  service('svc6', 'testns', { clusterIP: '1234:abcd::1', ports: [http] }),
  service('hdls1', 'testns', headless()),
  slice('hdls1', 'testns', 'hdls1', [
    at('172.0.0.2'),
    at('172.0.0.3'),
    at('172.0.0.4', 'dup-name'),
    at('172.0.0.5', 'dup-name'),
    at('5678:abcd::1'),
    at('5678:abcd::2'),
  ]),
  service('hdlsprtls', 'testns', headless([])),
  slice('hdlsprtls', 'testns', 'hdlsprtls', ['172.0.0.20'], { ports: [] }),
  service('svc-dual-stack', 'testns', {
    clusterIP: '10.0.0.3',
    clusterIPs: ['10.0.0.3', '10::3'],
    ports: [http],
  }),
  service('external', 'testns', {
    type: 'ExternalName',
    clusterIP: undefined,
    clusterIPs: undefined,
    externalName: 'ext.interwebs.test',
  }),
  service('external-to-service', 'testns', {
    type: 'ExternalName',
    clusterIP: undefined,
    clusterIPs: undefined,
    externalName: 'svc1.testns.svc.cluster.local.',
  }),
  service('svc1', 'unexposedns', { clusterIP: '10.0.0.2', ports: [http] }),
  service('kubedns', 'kube-system', {
    clusterIP: '10.0.0.10',
    ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
  }),
  slice('kubedns', 'kube-system', 'kubedns', ['172.0.0.100'], {
    ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
  }),
  pod('foo', 'podns', '10.240.0.1', { labels: { a: 'b', c: 'd' } }),
]
