// A minute under load and change; soak.long.ts is the same for longer.
import { soak } from './soak.ts'

soak(Number(process.env.MUSTER_SOAK_SECONDS ?? 60))
