import { module } from '../../../src/plugin/rewrite/setup.ts'
import { testMistakes } from '../mistakes-of.ts'

testMistakes(import.meta.url, module)
