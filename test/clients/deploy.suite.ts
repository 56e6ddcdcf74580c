import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  called,
  HELM_VERSION,
  helm,
  helmFolder,
  KUSTOMIZATIONS,
  type KubeObject,
  kustomize,
  lacksKustomize,
  root,
} from '../deploy/rendered.ts'
import { binary, Kapi } from './kapi.ts'

/** Kinds of deploy/ that the real API server here keeps. */
const KAPI_KINDS = ['ConfigMap', 'Service']
/** The status with which image.sh says that it lacks a tool. */
const LACKING = 2
/** To build helm in: on a slow machine it is rather left out. */
const INSTALL_MS = 600_000
t.setTimeout(2_400_000)

t.test('the chart renders with helm', async (t) => {
  if (helm() === undefined && !install())
    return t.plan(0, 'no helm, and no Go to install it with in time')
  await t.spawn(process.execPath, [join(root, 'test/deploy/chart.test.ts')])
})

const skip = lacksKustomize() ?? (binary('kapi') === undefined && 'no kapi on PATH')

for (const folder of KUSTOMIZATIONS) {
  t.test(`a real API server takes what it knows of ${folder}`, { skip }, async (t) => {
    const known = kustomize(folder).filter(({ kind }: KubeObject) => KAPI_KINDS.includes(kind))
    if (known.length === 0) return t.pass('nothing: it stands beside what is there')
    const kapi = await Kapi.start()
    t.teardown(() => kapi.stop())
    await kapi.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } })
    for (const object of known) await t.resolves(kapi.put(object), called(object))
  })
}

t.test('the image is built and answers', async (t) => {
  const ran = spawnSync(join(root, 'test/deploy/image.sh'), { encoding: 'utf8' })
  if (ran.status === LACKING) return t.plan(0, ran.stderr.trim())
  t.equal(ran.status, 0)
  if (ran.status !== 0) t.comment(`${ran.stdout}\n${ran.stderr}`)
})

/** Installs helm with Go's toolchain; whether it worked. */
function install(): boolean {
  mkdirSync(helmFolder(), { recursive: true })
  const env = { ...process.env, GOBIN: helmFolder(), GOFLAGS: '-buildvcs=false' }
  const words = ['install', '-trimpath', `helm.sh/helm/v3/cmd/helm@${HELM_VERSION}`]
  return spawnSync('go', words, { env, stdio: 'inherit', timeout: INSTALL_MS }).status === 0
}
