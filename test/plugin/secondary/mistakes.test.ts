import { module } from '../../../src/plugin/secondary/setup.ts'
import { testMistakes } from '../mistakes-of.ts'

testMistakes(import.meta.url, module)
