import type { Server } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { TlsServer } from './listener.ts'

/** The options of a TLS server for these certificates and for how clients are asked for theirs. */
export function tlsOptions(tls: TlsServer) {
  const { requestCert, rejectUnauthorized, contextFor } = tls
  return {
    ...tls.load(),
    requestCert,
    rejectUnauthorized,
    ...(contextFor !== undefined && { SNICallback: byName(contextFor) }),
  }
}

function byName(contextFor: NonNullable<TlsServer['contextFor']>) {
  return (serverName: string, done: (error: Error | null, context?: SecureContext) => void) => {
    const context = contextFor(serverName)
    if (context === false) done(new Error(`no certificate for ${serverName}`))
    else done(null, context)
  }
}

/** Has connections that must not go on ended after their handshake, and the keys of sessions told where someone wants them. Call it before others listen. */
export function guardTls(server: Server, { accepts, keylog }: TlsServer): void {
  if (keylog !== undefined) server.on('keylog', keylog)
  if (accepts === undefined) return
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const given = Object.keys(socket.getPeerCertificate()).length > 0
    if (!accepts({ given, authorized: socket.authorized })) socket.destroy()
  })
}
