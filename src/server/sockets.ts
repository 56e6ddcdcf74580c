import { openGrpc } from '../net/http/grpc.ts'
import { openHttps } from '../net/http/https.ts'
import { type Handle, type OpenListener, openDatagram, openStream } from '../net/listener.ts'
import type { DataPlane } from '../net/plane.ts'
import { connectionsFor, readFileLimit } from './descriptors.ts'
import type { PlannedListener } from './plan.ts'

/** Which of a plain listener's sockets takes datagrams: see {@link openers}. */
export const DATAGRAMS = 1

interface Told {
  readonly onStatus: (status: number) => void
  readonly onFailure: (error: unknown) => void
}

type Open = (port: number) => Promise<OpenListener>

/** What has to be opened for a listener, streams first: a port that they got by asking for 0 is then the datagrams' too. */
export function openers(
  listener: PlannedListener,
  handle: Handle,
  plane: DataPlane,
  scope: number,
  { onStatus, onFailure }: Told,
  sharesPort: boolean,
): Open[] {
  const { host, transport, settings, tls } = listener
  const { timeouts } = settings
  const { front } = plane
  const maxConnections = connectionsFor(readFileLimit())
  const stream = { host, timeouts, front, scope, sharesPort, onFailure, maxConnections }
  switch (transport) {
    case 'dns':
      return [
        (port) => openStream({ ...stream, port, transport: 'tcp' }, handle),
        (port) => openDatagram({ host, port, plane, scope, sharesPort, onFailure }, handle),
      ]
    case 'tls':
      return [
        (port) => openStream({ ...stream, port, transport: 'tls', ...(tls && { tls }) }, handle),
      ]
    case 'https':
      return [
        (port) =>
          openHttps(
            { ...stream, port, tls, maxConnections: settings.limits.httpsConnections, onStatus },
            handle,
          ),
      ]
    case 'grpc': {
      const { grpcConnections: maxConnections, grpcStreams: maxStreams } = settings.limits
      return [(port) => openGrpc({ ...stream, port, tls, maxConnections, maxStreams }, handle)]
    }
    default:
      throw new Error(`${listener.label}: Muster does not serve ${transport}`)
  }
}

export async function closeAll(sockets: readonly OpenListener[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.close()))
}
