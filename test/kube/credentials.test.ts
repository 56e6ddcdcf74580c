import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigurationError, loadCredentials } from '../../src/kube/credentials.ts'

const KUBECONFIG = (token: string, server = 'https://192.0.2.1:6443'): string => `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "${server}", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: "${token}"}}, {name: v, user: {username: me, password: secret}}]
contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: c, user: v}}]
current-context: one
`

t.test(
  'configurations that cannot work are refused in the words that operators know',
  async (t) => {
    const folder = t.testdir({ bad: ': : :\n\t-', one: KUBECONFIG('x'), empty: '{}' })
    const refusals: [Parameters<typeof loadCredentials>[0], RegExp | string][] = [
      [
        { environment: {} },
        'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
      ],
      [
        {
          environment: { KUBERNETES_SERVICE_HOST: '192.0.2.1', KUBERNETES_SERVICE_PORT: '443' },
          serviceAccountRoot: folder,
        },
        `open ${folder}/var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory`,
      ],
      [
        { kubeconfig: { path: `${folder}/none` } },
        `stat ${folder}/none: no such file or directory`,
      ],
      [{ kubeconfig: { path: `${folder}/bad` } }, /^error loading config file ".*bad": /],
      [
        { kubeconfig: { path: `${folder}/empty` } },
        /^invalid configuration: no configuration has been provided/,
      ],
      [
        { kubeconfig: { path: `${folder}/one`, context: 'three' } },
        'context "three" does not exist',
      ],
      [
        { endpoint: 'https://192.0.2.1', tls: { cert: '/none/c', key: '/none/k', ca: '/none/ca' } },
        'open /none/ca: no such file or directory',
      ],
    ]
    for (const [address, message] of refusals) {
      const refused = await loadCredentials(address).then(
        () => undefined,
        (error: unknown) => error,
      )
      t.ok(refused instanceof ConfigurationError, String(message))
      t.match((refused as Error).message, message)
    }
  },
)

t.test('a kubeconfig gives server, token or password, and its file is followed', async (t) => {
  const path = join(t.testdir({ config: KUBECONFIG('first') }), 'config')
  const credentials = await loadCredentials({ kubeconfig: { path } })
  const first = await credentials.access()
  t.equal(first.server, 'https://192.0.2.1:6443')
  t.same(first.headers, { Authorization: 'Bearer first' })
  t.same(first.tls, { rejectUnauthorized: false })
  writeFileSync(path, KUBECONFIG('second token', 'https://192.0.2.2:6443'))
  credentials.refresh()
  const second = await credentials.access()
  t.equal(second.server, 'https://192.0.2.2:6443')
  t.same(second.headers, { Authorization: 'Bearer second token' })
  writeFileSync(path, 'half a fi: : :')
  credentials.refresh()
  t.same((await credentials.access()).headers, { Authorization: 'Bearer second token' })

  const two = await loadCredentials({
    kubeconfig: { path: join(t.testdir({ c: KUBECONFIG('x') }), 'c'), context: 'two' },
  })
  t.match((await two.access()).headers, { Authorization: `Basic ${btoa('me:secret')}` })
})

t.test('inside a cluster the token is read again when it was refused', async (t) => {
  const root = t.testdir()
  const account = join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  mkdirSync(account, { recursive: true })
  writeFileSync(join(account, 'token'), 'one\n')
  writeFileSync(join(account, 'ca.crt'), 'authority')
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '8443' }
  const credentials = await loadCredentials({ environment, serviceAccountRoot: root })
  const access = await credentials.access()
  t.equal(access.server, 'https://[fd00::1]:8443')
  t.same(access.headers, { Authorization: 'Bearer one' })
  t.equal(String(access.tls.ca), 'authority')
  writeFileSync(join(account, 'token'), 'two\n')
  credentials.refresh()
  t.same((await credentials.access()).headers, { Authorization: 'Bearer two' })
})

t.test('an endpoint may be plain, with or without its scheme', async (t) => {
  for (const endpoint of ['http://127.0.0.1:8080', '127.0.0.1:8080']) {
    const access = await (await loadCredentials({ endpoint })).access()
    t.equal(access.server, 'http://127.0.0.1:8080')
    t.same(access.headers, {})
  }
})

const WITH_HELPER = (command: string, args: string[]): string => `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://192.0.2.1:6443"}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "${command}", args: ${JSON.stringify(args)}, env: null, provideClusterInfo: true}}}]
contexts: [{name: one, context: {cluster: c, user: u}}]
current-context: one
`

t.test('a helper is told what client-go tells it, and found beside the kubeconfig', async (t) => {
  const answer = `{"kind":"ExecCredential","status":{"token":"from the helper"}}`
  const folder = t.testdir({
    config: WITH_HELPER('./helper', []),
    helper: `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > '${t.testdirName}/told'\necho '${answer}'\n`,
  })
  chmodSync(join(folder, 'helper'), 0o755)
  const { access } = await loadCredentials({ kubeconfig: { path: join(folder, 'config') } })
  t.same((await access()).headers, { Authorization: 'Bearer from the helper' })
  t.same(JSON.parse(readFileSync(join(folder, 'told'), 'utf8')), {
    kind: 'ExecCredential',
    apiVersion: 'client.authentication.k8s.io/v1',
    spec: { interactive: false, cluster: { server: 'https://192.0.2.1:6443' } },
  })
})

t.test(
  'a helper that fails, or hangs with what it started, is no reason not to start',
  async (t) => {
    const load = (script: string, helperTimeoutMs: number) => {
      const path = join(t.testdir({ config: WITH_HELPER('sh', ['-c', script]) }), 'config')
      return loadCredentials({ kubeconfig: { path }, helperTimeoutMs })
    }
    const failing = await load('echo not signed in >&2; exit 1', 60_000)
    await t.rejects(failing.access(), { message: 'not signed in\n' })
    const hanging = await load('sleep 9 & wait', 500)
    await t.rejects(hanging.access(), { message: 'the helper failed without a word' })
  },
)
