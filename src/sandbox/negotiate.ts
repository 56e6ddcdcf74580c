import { ApiError } from './status.ts'

/** The form of an answer that a client asked for; always JSON. */
export type Form = 'object' | 'table' | 'partial' | 'partialList' | 'discovery'

const AS: Record<string, Form> = {
  Table: 'table',
  PartialObjectMetadata: 'partial',
  PartialObjectMetadataList: 'partialList',
  APIGroupDiscoveryList: 'discovery',
}

const JSON_TYPES = ['application/json', 'application/*', '*/*']

/**
 * Picks the first acceptable form that this server speaks, in the client's order of preference.
 *
 * @throws ApiError 406 where nothing but other encodings (protobuf, YAML) is acceptable
 */
export function negotiate(accept: string | undefined, forms: Form[]): Form {
  if (accept === undefined || accept.trim() === '') return 'object'
  const ranges = accept.split(',').map(readRange)
  for (const range of ranges.sort((a, b) => b.quality - a.quality)) {
    if (range.quality <= 0 || !JSON_TYPES.includes(range.type)) continue
    if (range.as === undefined) return 'object'
    const form = AS[range.as]
    if (form !== undefined && forms.includes(form) && knownVersion(form, range)) return form
  }
  throw new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json',
  )
}

interface MediaRange {
  type: string
  quality: number
  as: string | undefined
  group: string | undefined
  version: string | undefined
}

function knownVersion(form: Form, range: MediaRange): boolean {
  if (form === 'discovery') return range.group === 'apidiscovery.k8s.io' && range.version === 'v2'
  return range.version === 'v1' || range.version === 'v1beta1'
}

function readRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  const values = new Map<string, string>()
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    values.set(name.trim(), value.trim())
  }
  return {
    type: type.toLowerCase(),
    quality: values.has('q') ? Number(values.get('q')) : 1,
    as: values.get('as'),
    group: values.get('g'),
    version: values.get('v'),
  }
}
