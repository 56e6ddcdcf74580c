import { stringify } from 'yaml'

export interface KubeconfigOptions {
  url: string
  /** PEM text of the authority that signed the server's certificate. */
  certificateAuthority?: string
  token?: string
}

/** The text of a kubeconfig file whose only context, `muster`, leads to the embedded server. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const cluster: Record<string, string | boolean> = { server: options.url }
  // client-node refuses plain HTTP without it; kubectl does not mind.
  if (options.url.startsWith('http:')) cluster['insecure-skip-tls-verify'] = true
  if (options.certificateAuthority !== undefined) {
    const pem = Buffer.from(options.certificateAuthority)
    cluster['certificate-authority-data'] = pem.toString('base64')
  }
  const user = options.token === undefined ? {} : { token: options.token }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'muster', cluster }],
    contexts: [{ name: 'muster', context: { cluster: 'muster', user: 'muster' } }],
    users: [{ name: 'muster', user }],
    'current-context': 'muster',
  })
}
