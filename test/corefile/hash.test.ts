import t from 'tap'
import { configurationHash } from '../../src/corefile/hash.ts'
import { parseCorefile } from '../../src/corefile/parser.ts'
import { memoryIo } from './memory-io.ts'

function hash(text: string, files: Record<string, string> = {}): string {
  return configurationHash(parseCorefile({ text, path: 'Corefile' }, memoryIo(files)))
}

t.test('the hash is the one that CoreDNS 1.14.7 prints', async (t) => {
  const text = '.:5598 {\nreload\nlog . "{combined} <&>"\n template IN A "x\r\ny"\n}'
  t.equal(
    hash(text),
    'c6f6d4751df7503929800488ea3e515539389a4cca35c276593510a29a04d4f83ccbfb0c2431b5239d01adc2cd183b590bdd9fb814019bcf0f35e7b9689f6702',
  )
})

t.test('comments and spaces do not count, lines and imported files do', async (t) => {
  t.equal(hash('. {\nlog\n}'), hash('.   { # all\n\tlog\n}\n\n'))
  t.not(hash('. {\nlog\n}'), hash('. {\n\nlog\n}'))
  const text = '. {\nimport x\n}'
  t.not(hash(text, { '/etc/coredns/x': 'log' }), hash(text, { '/etc/coredns/x': 'errors' }))
})

t.test('no blocks have a hash too', async (t) => {
  t.match(hash(''), /^[0-9a-f]{128}$/)
})
