import { module } from '../../../src/plugin/auto/setup.ts'
import { testMistakes } from '../mistakes-of.ts'

testMistakes(import.meta.url, module)
