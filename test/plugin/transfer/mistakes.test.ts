import { module } from '../../../src/plugin/transfer/setup.ts'
import { testMistakes } from '../mistakes-of.ts'

testMistakes(import.meta.url, module)
