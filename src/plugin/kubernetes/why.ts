import { EDE, typeToText } from '../../wire/codes.ts'
import type { Why } from '../why.ts'
import type { Asked } from './asked.ts'
import type { Config } from './config.ts'
import type { Finder } from './finder.ts'

/**
 * Why a name is denied, for clients. Nothing is told that the reply's versions do not end with it: whether there is a Namespace, a Service, a published endpoint.
 * Where the reply denies a whole branch the text is true of all of it.
 */
export function whyDenied(
  asked: Asked,
  finder: Finder,
  config: Pick<Config, 'namespaces'>,
  synced: boolean,
): Why {
  const { parts, zone } = asked
  if (!synced) {
    return { code: EDE.NOT_READY, text: 'the Kubernetes API has not been listed yet' }
  }
  return {
    code: EDE.OTHER,
    text: zone.holdsAddresses ? 'no Service or endpoint has this address' : reason(),
  }

  function reason(): string {
    const { kind, first, namespace, service } = parts
    if (kind === 'invalid' && first !== 'svc' && first !== 'pod') {
      return `${first} is neither svc nor pod`
    }
    if (kind === 'invalid') return 'too many labels'
    if (config.namespaces.size > 0 && !config.namespaces.has(namespace)) {
      return `Namespace ${namespace} is not exposed`
    }
    if (finder.store.namespace(namespace) === undefined) return `no Namespace ${namespace}`
    if (kind === 'pod') return `no Pod name ${service} in Namespace ${namespace}`
    const known = finder.store.service(service, namespace)
    if (known === undefined) return `no Service ${namespace}/${service}`
    if (known.type === 'ExternalName')
      return `nothing stands at the ExternalName ${namespace}/${service}`
    if (parts.depth > 3) return `Service ${namespace}/${service} has no such endpoint or port`
    return `Service ${namespace}/${service} has nothing ready behind it`
  }
}

/** Why a name that exists has no answer. */
export function whyEmpty(qtype: number): Why {
  return { code: EDE.OTHER, text: `the name has no records of type ${typeToText(qtype)}` }
}
