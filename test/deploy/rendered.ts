import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments, stringify } from 'yaml'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const deploy = join(root, 'deploy')
export const chart = join(deploy, 'helm/muster')

/** Kubernetes for which charts are rendered. */
const KUBERNETES = '1.34.0'
export const HELM_VERSION = 'v3.22.0'

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, looked into by tests
export type KubeObject = any

/** The kustomizations that are to be applied: the base and the overlays. */
export const KUSTOMIZATIONS = [
  'base',
  ...readdirSync(join(deploy, 'overlays')).map((name) => `overlays/${name}`),
]

/** Why kubectl cannot render here, or undefined where it can. */
export function lacksKustomize(): string | undefined {
  const { status, stdout } = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' })
  if (status !== 0) return 'no kubectl on PATH'
  const version = /Kustomize Version: v(\d+)/.exec(stdout)?.[1]
  return Number(version) >= 5 ? undefined : `kubectl has kustomize v${version}, and v5 is needed`
}

/** What `kubectl kustomize` makes of a folder of deploy/. */
export function kustomize(folder: string): KubeObject[] {
  const options = { encoding: 'utf8', env: { ...process.env, KUBECONFIG: '/dev/null' } } as const
  return objectsOf(execFileSync('kubectl', ['kustomize', join(deploy, folder)], options))
}

/** Where helm is: on PATH, or where the suite test/clients/deploy.suite.ts has put it. */
export function helm(): string | undefined {
  const installed = helmFolder()
  if (existsSync(join(installed, 'helm'))) return join(installed, 'helm')
  return spawnSync('helm', ['version', '--short']).status === 0 ? 'helm' : undefined
}

export function helmFolder(): string {
  return join(homedir(), '.cache/muster', `helm-${HELM_VERSION}`)
}

/** What `helm template` makes of the chart with values. Throws with helm's words where it refuses them. */
export function helmTemplate(values: object, release = 'dns'): KubeObject[] {
  const where = ['--namespace', 'kube-system', '--kube-version', KUBERNETES]
  const words = ['template', release, chart, ...where, '--values', '-']
  const { status, stdout, stderr } = spawnSync(helm() as string, words, {
    encoding: 'utf8',
    input: stringify(values),
  })
  if (status !== 0) throw new Error(stderr)
  return objectsOf(stdout)
}

function objectsOf(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    const value = document.toJS()
    return value === null ? [] : [value]
  })
}

/** The one object of a kind and, where given, a name. */
export function only(objects: readonly KubeObject[], kind: string, name?: string): KubeObject {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  )
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} ${name ?? ''}`)
  return found[0]
}

/** `Kind/name`. */
export function called(object: KubeObject): string {
  return `${object.kind}/${object.metadata.name}`
}
