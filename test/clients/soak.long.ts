// Five minutes under load and change; MUSTER_SOAK_SECONDS makes them more.
import { soak } from './soak.ts'

soak(Number(process.env.MUSTER_SOAK_SECONDS ?? 300))
