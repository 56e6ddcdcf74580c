import { looseIp } from '../addresses.ts'
import { annotationProblems } from '../controllers/annotations.ts'
import { dns1123Label, dns1123Subdomain, portName, portNumber } from '../names.ts'
import { equal } from '../patch.ts'
import { type FieldError, field, invalidEach, oneOf } from '../status.ts'
import type { ApiObject, Json } from '../types.ts'
import { validateLabels } from './meta.ts'
import { validateDnsConfig } from './poddns.ts'
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

  /** Not the real API server's, which knows none of these annotations. */
  warnings: (pod) => annotationProblems(pod, 'metadata.annotations'),
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

const RESTARTS = ['Always', 'OnFailure', 'Never']
const PULLS = ['Always', 'IfNotPresent', 'Never']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** The part of a PodSpec that names, ports and DNS depend on, plus what every Pod must have. */
export function validatePodSpec(spec: Json, path: string): FieldError[] {
  const errors = validateContainers(spec, path)
  errors.push(...oneOf(`${path}.restartPolicy`, spec.restartPolicy, RESTARTS))
  errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`))
  errors.push(...validateDnsConfig(spec, path))
  ;(spec.hostAliases ?? []).forEach(({ ip, hostnames = [] }: Json, index: number) => {
    const at = `${path}.hostAliases[${index}]`
    errors.push(...invalidEach(`${at}.ip`, ip, looseIp(ip ?? '')))
    hostnames.forEach((name: string, place: number) => {
      errors.push(...invalidEach(`${at}.hostnames[${place}]`, name, dns1123Subdomain(name)))
    })
  })
  for (const member of ['hostname', 'subdomain']) {
    const value = spec[member]
    if (value) errors.push(...invalidEach(`${path}.${member}`, value, dns1123Label(value)))
  }
  const { nodeName } = spec
  if (nodeName)
    errors.push(...invalidEach(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)))
  return errors
}

function validateContainers(spec: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!spec.containers?.length) errors.push(field.required(`${path}.containers`))
  const names = new Set<string>()
  for (const list of ['containers', 'initContainers']) {
    ;(spec[list] ?? []).forEach((container: Json, index: number) => {
      const at = `${path}.${list}[${index}]`
      errors.push(...validateContainer(container, at))
      if (names.has(container.name)) errors.push(field.duplicate(`${at}.name`, container.name))
      names.add(container.name)
    })
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
  const { name, image, imagePullPolicy } = container
  const errors: FieldError[] = []
  if (!name) errors.push(field.required(`${path}.name`))
  else errors.push(...invalidEach(`${path}.name`, name, dns1123Label(name)))
  if (!image) errors.push(field.required(`${path}.image`))
  const names = new Set<string>()
  ;(container.ports ?? []).forEach((port: Json, index: number) => {
    errors.push(...validatePort(port, names, `${path}.ports[${index}]`))
  })
  errors.push(...oneOf(`${path}.imagePullPolicy`, imagePullPolicy, PULLS))
  return errors
}

function validatePort(port: Json, names: Set<string>, path: string): FieldError[] {
  const { name, containerPort, hostPort, protocol } = port
  const errors: FieldError[] = []
  if (name) {
    const texts = portName(name)
    errors.push(...invalidEach(`${path}.name`, name, texts))
    if (texts.length === 0 && names.has(name)) errors.push(field.duplicate(`${path}.name`, name))
    names.add(name)
  }
  if (!containerPort) errors.push(field.required(`${path}.containerPort`))
  else
    errors.push(...invalidEach(`${path}.containerPort`, containerPort, portNumber(containerPort)))
  if (hostPort) errors.push(...invalidEach(`${path}.hostPort`, hostPort, portNumber(hostPort)))
  return [...errors, ...oneOf(`${path}.protocol`, protocol, PROTOCOLS)]
}

const IMMUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** The real API server appends a diff of its own structures to the text. */
function changedPodSpec(old: ApiObject, pod: ApiObject): FieldError[] {
  const count = (one: ApiObject) => one.spec.containers?.length ?? 0
  if (count(old) !== count(pod)) {
    return [field.forbidden('spec.containers', 'pod updates may not add or remove containers')]
  }
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
