// Minutes; MUSTER_FUZZ_PACKETS makes them more, MUSTER_SEED=random other packets.
import { fuzz } from './fuzz.ts'

fuzz(Number(process.env.MUSTER_FUZZ_PACKETS ?? 3_000_000))
