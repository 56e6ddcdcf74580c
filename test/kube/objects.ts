import type { ApiObject } from './fake-api.ts'

/** A Service, with what a test wants to say of it. */
export function service(
  name: string,
  namespace: string,
  spec: Record<string, unknown> = {},
  status: Record<string, unknown> = {},
): ApiObject {
  const clusterIP = (spec.clusterIP ?? '10.0.0.1') as string
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ...spec },
    status,
  }
}

/** A slice of a Service; endpoints are addresses, or whole endpoints. */
export function slice(
  name: string,
  namespace: string,
  serviceName: string,
  endpoints: (string | Record<string, unknown>)[],
  rest: Record<string, unknown> = {},
): ApiObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    endpoints: endpoints.map((endpoint) =>
      typeof endpoint === 'string'
        ? { addresses: [endpoint], conditions: { ready: true } }
        : endpoint,
    ),
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    ...rest,
  }
}

export function namespace(name: string): ApiObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

export function pod(
  name: string,
  namespace: string,
  podIP: string,
  metadata: Record<string, unknown> = {},
): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...metadata },
    status: { phase: 'Running', podIP },
  }
}

export function serviceImport(
  name: string,
  namespace: string,
  spec: Record<string, unknown>,
): ApiObject {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1alpha1',
    kind: 'ServiceImport',
    metadata: { name, namespace },
    spec,
  }
}
