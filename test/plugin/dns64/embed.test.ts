import ipaddr from 'ipaddr.js'
import t from 'tap'
import { embed } from '../../../src/plugin/dns64/embed.ts'
import { addressRdata } from '../records.ts'

/** The table of RFC 6052 §2.4. */
const TABLE: Record<string, string> = {
  '2001:db8::/32': '2001:db8:c000:221::',
  '2001:db8:100::/40': '2001:db8:1c0:2:21::',
  '2001:db8:122::/48': '2001:db8:122:c000:2:2100::',
  '2001:db8:122:300::/56': '2001:db8:122:3c0:0:221::',
  '2001:db8:122:344::/64': '2001:db8:122:344:c0:2:2100:0',
  '2001:db8:122:344::/96': '2001:db8:122:344::c000:221',
}

for (const [prefix, expected] of Object.entries(TABLE)) {
  t.test(`192.0.2.33 behind ${prefix} is as RFC 6052 says`, async (t) => {
    const [address, bits] = ipaddr.parseCIDR(prefix)
    const octets = embed({ octets: address.toByteArray(), bits }, addressRdata('192.0.2.33'))
    t.equal(octets, addressRdata(expected))
  })
}
