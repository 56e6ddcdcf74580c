import { networkInterfaces } from 'node:os'
import type { Test } from 'tap'
import { startApiServer } from '../../../src/sandbox/index.ts'
import { OBJECTS } from '../../distributions/cluster.ts'
import { freePort } from '../../ports.ts'
import { binary } from '../kapi.ts'
import { ask } from './ask.ts'
import { Daemon, type Kind } from './daemon.ts'
import { type Muster, startMuster } from './muster.ts'
import { ZONE, ZONE_FILE } from './zone.ts'

/** Says why a test of these programs cannot run, false where it can. */
export function skipWithout(...programs: string[]): string | false {
  const missing = programs.filter((program) => binary(program) === undefined)
  return missing.length > 0 && `not on PATH: ${missing.join(', ')}`
}

/** Says that the machine has no address but loopback's, and so the cluster's zone no NS, which BIND insists on; false where it has one. */
export function withoutAddress(): string | false {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.every(({ internal }) => internal) && 'no address but loopback here'
}

/** Runs a Corefile until the test ends. */
export async function muster(
  t: Test,
  corefile: string,
  files?: Readonly<Record<string, string>>,
): Promise<Muster> {
  const server = await startMuster(corefile, files)
  t.teardown(() => server.stop())
  return server
}

/** Runs another server until the test ends. */
export async function daemon(t: Test, kind: Kind, question = `${ZONE} SOA`): Promise<Daemon> {
  const server = await Daemon.start(kind, question)
  t.teardown(() => server.stop())
  return server
}

/** Muster with the zone in a file, for transfer. */
export async function filePrimary(t: Test): Promise<number> {
  const port = await freePort()
  const corefile = `${ZONE}:${port} {
    bind 127.0.0.1
    file FOLDER/zone
    transfer {
      to *
    }
  }`
  await muster(t, corefile, { zone: ZONE_FILE })
  return port
}

/** Muster with a small cluster, for transfer; on all addresses, as the zone's name servers are those that are not loopback's. */
export async function kubernetesPrimary(t: Test): Promise<number> {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  cluster.apply([...OBJECTS])
  const port = await freePort()
  await muster(
    t,
    `cluster.local:${port} {
    kubernetes {
      endpoint ${cluster.url}
      startup_timeout 1m
    }
    transfer {
      to *
    }
  }`,
  )
  return port
}

/** Asks both servers everything, and tells where they differ or say nothing. */
export async function compare(
  here: number,
  there: number,
  questions: readonly string[],
): Promise<unknown[]> {
  const found: unknown[] = []
  for (const question of questions) {
    const [ours, theirs] = [await ask(here, question), await ask(there, question)]
    const same = ours !== undefined && JSON.stringify(ours) === JSON.stringify(theirs)
    if (!same) found.push({ question, ours, theirs })
  }
  return found
}
