// Resolves each argument as fetch and http do and prints "name: address ..." or "name: absent".
import { lookup } from 'node:dns/promises'

for (const name of process.argv.slice(2)) {
  try {
    const found = await lookup(name, { all: true })
    console.log(`${name}: ${found.map(({ address }) => address).join(' ')}`)
  } catch ({ code }) {
    console.log(`${name}: ${code === 'ENOTFOUND' ? 'absent' : code}`)
  }
}
