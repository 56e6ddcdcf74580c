import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('./static/', import.meta.url)

/**
 * The files of `static/`, by name. The bundle has no folder beside it: `scripts/build.ts` puts there what this gives.
 */
export const ASSETS: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(FOLDER).map((name) => [name, readFileSync(new URL(name, FOLDER), 'utf8')]),
)
