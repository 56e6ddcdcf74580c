// The API server that image.sh starts for the container: prints its port. Arguments: key, certificate, token.
import { readFileSync } from 'node:fs'
import { createCluster } from '../../src/sandbox/index.ts'

const [key = '', cert = '', token = ''] = process.argv.slice(2)
const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
const cluster = await createCluster({ tls, token })
cluster.apply([
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] },
  },
])
process.stdout.write(`${cluster.port}\n`)
