import { fuzz } from './fuzz.ts'

fuzz(Number(process.env.MUSTER_FUZZ_PACKETS ?? 100_000))
