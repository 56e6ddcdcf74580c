import fc from 'fast-check'
import { seedOf } from './sameness/dice.ts'

// Every run looks at the same cases: one that fails does so for whoever changed something. `MUSTER_SEED=random` looks at others, and what fails there is printed with its seed.
fc.configureGlobal({ seed: seedOf(process.env) })

export default fc
