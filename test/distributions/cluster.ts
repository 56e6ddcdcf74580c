import type { ObjectInput } from '../../src/sandbox/index.ts'

const service = (namespace: string, name: string, spec: object): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec,
})

const namespace = (name: string): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
})

function slice(
  namespace: string,
  name: string,
  port: object,
  endpoints: readonly object[],
): ObjectInput {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints,
    ports: [port],
  }
}

const clusterIp = (clusterIP: string, port: object): object => ({
  type: 'ClusterIP',
  clusterIP,
  clusterIPs: [clusterIP],
  ports: [port],
})

const https = { name: 'https', port: 443, protocol: 'TCP' }
const http = { name: 'http', port: 80, protocol: 'TCP' }
const mysql = { name: 'mysql', port: 3306, protocol: 'TCP' }
const ready = { ready: true }

/** A small cluster: Services with and without ClusterIP, an external one, a Pod. */
export const OBJECTS: readonly ObjectInput[] = [
  namespace('default'),
  namespace('kube-system'),
  namespace('shop'),
  service('default', 'kubernetes', clusterIp('10.96.0.1', https)),
  service(
    'kube-system',
    'kube-dns',
    clusterIp('10.96.0.10', { name: 'dns', port: 53, protocol: 'UDP' }),
  ),
  service('shop', 'cart', clusterIp('10.96.7.7', http)),
  slice('shop', 'cart', http, [{ addresses: ['10.244.3.9'], conditions: ready }]),
  service('shop', 'db', clusterIp('None', mysql)),
  slice('shop', 'db', mysql, [
    { addresses: ['10.244.1.4'], hostname: 'db-0', conditions: ready },
    { addresses: ['10.244.2.4'], hostname: 'db-1', conditions: ready },
  ]),
  service('shop', 'outside', { type: 'ExternalName', externalName: 'example.com' }),
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-0', namespace: 'shop' },
    spec: { containers: [{ name: 'web', image: 'web' }] },
    status: { phase: 'Running', podIP: '10.244.3.9', podIPs: [{ ip: '10.244.3.9' }] },
  },
]
