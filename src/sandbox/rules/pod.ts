import { dns1123Label, dns1123Subdomain, portName, portNumber } from '../names.ts'
import { equal } from '../patch.ts'
import { type FieldError, field } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'
import type { Rules } from './rules.ts'

/** A Pod that is deleted without a word about grace gets this long (core/v1 default). */
export const DEFAULT_GRACE_SECONDS = 30

/** core/v1 Pod. */
export const podRules: Rules = {
  defaults(pod) {
    pod.spec ??= {}
    podSpecDefaults(pod.spec)
    pod.status ??= { phase: 'Pending' }
  },

  validate(pod, old) {
    if (old === undefined) return validatePodSpec(pod.spec, 'spec')
    return changedPodSpec(old, pod)
  },
}

export function podSpecDefaults(spec: Json): void {
  spec.restartPolicy ??= 'Always'
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.terminationGracePeriodSeconds ??= DEFAULT_GRACE_SECONDS
  spec.schedulerName ??= 'default-scheduler'
  spec.securityContext ??= {}
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    containerDefaults(container)
  }
}

/** The part of a PodSpec that names, ports and DNS depend on, plus what every Pod must have. */
export function validatePodSpec(spec: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  const containers: Json[] = spec?.containers ?? []
  if (containers.length === 0) errors.push(field.required(`${path}.containers`))
  const names = new Set<string>()
  containers.forEach((container, index) => {
    const at = `${path}.containers[${index}]`
    errors.push(...validateContainer(container, at))
    if (names.has(container.name)) errors.push(field.duplicate(`${at}.name`, container.name))
    names.add(container.name)
  })
  for (const member of ['hostname', 'subdomain']) {
    const value = spec?.[member]
    if (value) {
      const texts = dns1123Label(value)
      errors.push(...texts.map((text) => field.invalid(`${path}.${member}`, value, text)))
    }
  }
  return errors
}

function containerDefaults(container: Json): void {
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  const tag = /:([^/@]+)$/.exec(container.image ?? '')?.[1] ?? 'latest'
  container.imagePullPolicy ??= tag === 'latest' ? 'Always' : 'IfNotPresent'
  container.resources ??= {}
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (container[probe] === undefined) continue
    container[probe] = { ...PROBE, ...container[probe] }
  }
}

const PROBE = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }

function validateContainer(container: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!container.name) errors.push(field.required(`${path}.name`))
  else {
    const texts = dns1123Label(container.name)
    errors.push(...texts.map((text) => field.invalid(`${path}.name`, container.name, text)))
  }
  if (!container.image) errors.push(field.required(`${path}.image`))
  const names = new Set<string>()
  ;(container.ports ?? []).forEach((port: Json, index: number) => {
    const at = `${path}.ports[${index}]`
    if (port.name) {
      const texts = portName(port.name)
      errors.push(...texts.map((text) => field.invalid(`${at}.name`, port.name, text)))
      if (names.has(port.name)) errors.push(field.duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (!port.containerPort) errors.push(field.required(`${at}.containerPort`))
    else {
      const texts = portNumber(port.containerPort)
      const about = `${at}.containerPort`
      errors.push(...texts.map((text) => field.invalid(about, port.containerPort, text)))
    }
  })
  return errors
}

const IMMUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function changedPodSpec(old: ApiObject, pod: ApiObject): FieldError[] {
  if (equal(mutableLeftOut(old.spec), mutableLeftOut(pod.spec))) return []
  return [field.forbidden('spec', IMMUTABLE)]
}

function mutableLeftOut(spec: Json): Json {
  const { activeDeadlineSeconds, tolerations, terminationGracePeriodSeconds, nodeName, ...rest } =
    spec
  const plain = (list: Json[] | undefined) =>
    (list ?? []).map(({ image, imagePullPolicy, ...container }: Json) => container)
  return { ...rest, containers: plain(rest.containers), initContainers: plain(rest.initContainers) }
}

/** A name that also becomes a Pod's hostname. */
export function podNameErrors(name: string): string[] {
  return dns1123Subdomain(name)
}
