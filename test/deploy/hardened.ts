import type { Test } from 'tap'
import { called, type KubeObject } from './rendered.ts'

/** The rules of CoreDNS's ClusterRole system:coredns, in kubeadm and in CoreDNS's chart. */
export const COREDNS_RULES = [
  {
    apiGroups: [''],
    resources: ['endpoints', 'services', 'pods', 'namespaces'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
]

/** Sysctls that Kubernetes lets every Pod have. */
const SAFE_SYSCTLS = ['net.ipv4.ip_unprivileged_port_start']

/** That a workload's Pods fit the Pod Security Standard "restricted", and write to no root file system. */
export function assertHardened(t: Test, workload: KubeObject): void {
  const { spec } = workload.spec.template
  const name = called(workload)
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'])
    t.notOk(spec[field], `${name} ${field}`)
  t.equal(spec.securityContext.runAsNonRoot, true, name)
  t.not(spec.securityContext.runAsUser, 0, name)
  t.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault', name)
  for (const sysctl of spec.securityContext.sysctls ?? []) {
    t.ok(SAFE_SYSCTLS.includes(sysctl.name), sysctl.name)
  }
  for (const volume of spec.volumes ?? []) t.notOk(volume.hostPath, `${name} ${volume.name}`)
  for (const container of spec.containers) {
    t.strictSame(
      container.securityContext,
      {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      name,
    )
    t.ok(container.resources.limits.memory && container.resources.requests.cpu, name)
  }
}
