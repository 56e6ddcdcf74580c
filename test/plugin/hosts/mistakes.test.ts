import { module } from '../../../src/plugin/hosts/setup.ts'
import { testMistakes } from '../mistakes-of.ts'

testMistakes(import.meta.url, module)
