import { module } from '../../../src/plugin/template/setup.ts'
import { testMistakes } from '../mistakes-of.ts'

testMistakes(import.meta.url, module)
