import { execFile, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createCluster } from '../../src/sandbox/index.ts'
import { readyPods, until } from './alive.ts'
import { deployment, service } from './api.ts'

/** `MUSTER_CLIENTS=1` asks for the suites of real clients; `MUSTER_KUBECTL` names another kubectl than the one on PATH. */
const kubectl = process.env.MUSTER_KUBECTL ?? onPath('kubectl')
const skip =
  process.env.MUSTER_CLIENTS === undefined
    ? 'real clients are tried with MUSTER_CLIENTS=1'
    : kubectl === undefined && 'no kubectl on PATH (Debian: kubernetes-client)'

t.test('kubectl works against the embedded cluster as against any other', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-kubectl-'))
  const cluster = await createCluster({
    controllers: { times: { startMs: 0, readyMs: 50, stopMs: 100 } },
  })
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  t.teardown(async () => {
    await cluster.close()
    rmSync(folder, { recursive: true })
  })
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    KUBECONFIG: file('kubeconfig', cluster.kubeconfig),
    EDITOR: `sed -i s/before/after/`,
  }
  const run = async (...words: string[]): Promise<string> => {
    const ran = await promisify(execFile)(kubectl ?? '', words, { env }).catch((error) => error)
    return `${ran.stdout}${ran.stderr}`.trim()
  }
  const all = (...objects: unknown[]) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const web = file('web.json', all(service('web', { selector: { app: 'web' } }), deployment('web')))

  await t.test('api-resources, get namespaces', async (t) => {
    t.match(await run('api-resources'), /endpointslices +discovery\.k8s\.io\/v1/)
    t.match(await run('get', 'ns', '-o', 'name'), /^namespace\/default$/m)
  })

  await t.test('apply, rollout status, get, describe', async (t) => {
    t.equal(await run('apply', '-f', web), 'service/web created\ndeployment.apps/web created')
    t.match(
      await run('rollout', 'status', 'deploy/web', '--timeout=30s'),
      /successfully rolled out/,
    )
    t.equal(await run('apply', '-f', web), 'service/web unchanged\ndeployment.apps/web unchanged')
    t.match(await run('get', 'deploy', 'web'), /^web +2\/2 +2 +2 /m)
    t.match(await run('get', 'pods', '-o', 'wide'), /^web-\S+ +1\/1 +Running +0 +\S+ +10\.244\./m)
    t.match(await run('describe', 'service', 'web'), /Endpoints: +10\.244\.\S+,10\.244\./)
    t.match(await run('describe', 'pod', '-l', 'app=web'), /Successfully assigned/)
  })

  await t.test('an applied change of a port is merged by its number', async (t) => {
    const changed = service('web', { selector: { app: 'web' }, ports: [{ port: 81 }] })
    t.equal(
      await run('apply', '-f', file('port.json', JSON.stringify(changed))),
      'service/web configured',
    )
    t.equal(await run('get', 'svc', 'web', '-o', 'jsonpath={.spec.ports[*].port}'), '81')
  })

  await t.test('scale, wait, patch, label, edit', async (t) => {
    t.equal(await run('scale', 'deploy/web', '--replicas=3'), 'deployment.apps/web scaled')
    await until(cluster, () => readyPods(cluster).length === 3)
    t.match(
      await run('wait', '--for=condition=Ready', 'pod', '-l', 'app=web', '--timeout=30s'),
      /condition met/,
    )
    t.equal(
      await run('patch', 'svc', 'web', '-p', '{"metadata":{"annotations":{"note":"before"}}}'),
      'service/web patched',
    )
    t.equal(await run('label', 'svc', 'web', 'tier=front'), 'service/web labeled')
    t.match(await run('get', 'svc', '-l', 'tier in (front)', '-o', 'name'), /service\/web/)
    t.match(await run('edit', 'svc', 'web'), /service\/web edited/)
    t.equal(await run('get', 'svc', 'web', '-o', 'jsonpath={.metadata.annotations.note}'), 'after')
  })

  await t.test('create, and the errors of what cannot be', async (t) => {
    t.equal(
      await run('create', 'service', 'clusterip', 'made', '--tcp=80:8080'),
      'service/made created',
    )
    t.equal(await run('create', 'namespace', 'shop'), 'namespace/shop created')
    t.equal(
      await run('create', 'configmap', 'notes', '--from-literal=a=b'),
      'configmap/notes created',
    )
    t.equal(
      await run('create', 'deployment', 'made', '--image=nginx:1.27'),
      'deployment.apps/made created',
    )
    t.match(
      await run('create', 'service', 'clusterip', 'made', '--tcp=80:80'),
      /services "made" already exists/,
    )
    const missed = deployment('missed', { labels: { app: 'other' } })
    const refused = await run('create', '-f', file('missed.json', JSON.stringify(missed)))
    t.match(refused, /`selector` does not match template `labels`/)
    t.match(await run('get', 'svc', 'nobody'), /services "nobody" not found/)
  })

  await t.test('get -w shows changes as they come', async (t) => {
    const follow = spawn(kubectl ?? '', ['get', 'svc', '-w', '-o', 'name'], { env })
    const lines: string[] = []
    const seen = new Promise<void>((resolve) => {
      follow.stdout.on('data', (part: Buffer) => {
        lines.push(...part.toString().split('\n'))
        if (lines.includes('service/web') && !cluster.get(service('later')))
          cluster.create(service('later'))
        if (lines.includes('service/later')) resolve()
      })
    })
    await seen
    follow.kill()
    t.ok(lines.includes('service/later'))
  })

  await t.test('delete waits until it is done', async (t) => {
    t.match(await run('delete', '-f', web), /deployment\.apps "web" deleted/)
    await until(cluster, () => readyPods(cluster).every((pod) => pod.metadata.labels.app !== 'web'))
    t.match(await run('delete', 'namespace', 'shop', '--timeout=30s'), /"shop" deleted/)
    t.match(await run('get', 'ns', 'shop'), /not found/)
  })
})

function onPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return undefined
}
