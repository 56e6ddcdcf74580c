import t, { type Test } from 'tap'
import { readScenes, type Scene, stepsOf } from '../../scripts/demo-readme.ts'
import { unshareArguments } from '../../src/shell/namespace.ts'
import { type Demo, kubectls, sh, startDemo } from './demo.ts'
import { filledIn, fits, type Words } from './shown.ts'

t.setTimeout(1_800_000)
if (kubectls.length === 0) t.comment('skipped: no kubectl here')
const allowed = 'how' in unshareArguments()
if (!allowed) t.comment('skipped: steps with a network or mount namespace, which are not allowed')

for (const kubectl of kubectls) {
  t.test(`the scenes, one after the other, with ${kubectl}`, async (t) => {
    const demo = await startDemo()
    t.teardown(() => demo.stop())
    for (const scene of readScenes()) {
      if (stepsOf(scene).length > 0) await t.test(scene.file, (t) => play(t, scene, demo, kubectl))
    }
  })
}

/** kubectl ends when the Pod or Service is what it waits for; on a busy machine what is asked next may be quicker than the controller that follows. */
const PATIENCE_MS = 30_000
/** Commands that may be run only once, for they change something. */
const CHANGES = /kubectl (?!get\b|wait\b|rollout status\b)/

/** Runs the steps of a scene; what one step printed is known to the next. */
async function play(t: Test, scene: Scene, demo: Demo, kubectl: string): Promise<void> {
  let words: Words = new Map()
  for (const { command, shown } of stepsOf(scene)) {
    if (!allowed && /\bunshare\b|\bshell\b/.test(command)) continue
    const local = here(filledIn(command, words), demo, kubectl)
    const until = Date.now() + (CHANGES.test(command) ? 0 : PATIENCE_MS)
    let output: string
    let now: Words | undefined
    do {
      output = (await sh(local, { KUBECONFIG: demo.kubeconfig })).output
      now = fits(output, shown, words)
    } while (now === undefined && Date.now() < until)
    t.ok(now, `${command}\n${output}`)
    words = now ?? words
  }
}

/** A command of the README for this demonstration's ports. */
function here(command: string, demo: Demo, kubectl: string): string {
  const functions = `dns() { dig @127.0.0.1 -p ${demo.dns} +short "$@"; }; kubectl() { ${kubectl} "$@"; }`
  const local = command
    .replaceAll('npm run -s shell --', demo.shell)
    .replaceAll('npm run -s explain --', demo.explain)
    .replaceAll('1053', String(demo.dns))
  return `${functions}\n${local}`
}
