import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from './dice.ts'

/** What Corefiles refer to. */
export interface Places {
  readonly directory: string
  readonly kubeconfig: string
  /** Port of the upstream server. */
  readonly upstream: number
}

/** Files that the Corefiles name. */
export function writeFiles(directory: string): void {
  const put = (name: string, lines: readonly string[]) =>
    writeFileSync(join(directory, name), `${lines.join('\n')}\n`)
  put('hosts', ['192.0.2.10 db.hosts.test Web.Hosts.Test', '2001:db8::10 web.hosts.test'])
  put('resolv.conf', ['search svc.cluster.local cluster.local', 'nameserver 127.0.0.1'])
  put('zone', [
    '$ORIGIN file.test.',
    '@ 300 IN SOA ns hostmaster 4 7200 1800 86400 60',
    '@ 300 IN NS ns',
    'ns 300 IN A 192.0.2.53',
    '*.wild 300 IN A 192.0.2.54',
    'www 300 IN CNAME web.hosts.test.',
    'in 300 IN CNAME vip.zoo.svc.cluster.local.',
    'out 300 IN CNAME alias.example.com.',
    'Mixed 300 IN TXT "some text"',
    'many 300 IN A 192.0.2.1',
    ...Array.from({ length: 40 }, (_, i) => `many 300 IN A 192.0.2.${i + 60}`),
    'sub 300 IN NS ns.sub',
    'ns.sub 300 IN A 192.0.2.55',
  ])
}

/** Keys of further blocks: zones of kubernetes' own names are cut out of the others' branches. */
const MORE_KEYS = [
  ['example.com'],
  ['svc.cluster.local'],
  ['zoo.svc.cluster.local'],
  ['vip.zoo.svc.cluster.local'],
  ['nope.svc.cluster.local'],
  ['com.zoo.svc.cluster.local', 'com.svc.cluster.local'],
  ['cluster.local', 'example.org'],
  ['10.in-addr.arpa'],
  ['org'],
]

/** A Corefile of one to four blocks on one or two ports, `{{0}}` and `{{1}}`. */
export function randomCorefile(dice: Dice, places: Places): string {
  const blocks: string[] = []
  const used = new Set<string>()
  const add = (zones: readonly string[], port: number, isMain: boolean) => {
    const fresh = zones.filter((zone) => !used.has(`${zone}:${port}`))
    for (const zone of fresh) used.add(`${zone}:${port}`)
    if (fresh.length === 0) return
    const keys = fresh.map((zone) => `${zone}:{{${port}}}`)
    blocks.push(`${keys.join(' ')} {\n${pluginsOf(dice, places, isMain)}}\n`)
  }
  if (dice.chance(0.15)) {
    const plugins = pluginsOf(dice, places, true)
    const expression = dice.pick([
      `incidr(client_ip(), '127.0.0.2/32')`,
      `type() in ['A', 'SRV']`,
      `name() endsWith 'zoo.svc.cluster.local.'`,
    ])
    blocks.push(`.:{{0}} {\n    view one {\n        expr ${expression}\n    }\n${plugins}}\n`)
  }
  add([dice.chance(0.8) ? '.' : 'cluster.local'], 0, true)
  add(['.'], 1, dice.chance(0.5))
  for (let more = dice.int(4); more > 0; more--) {
    add(dice.pick(MORE_KEYS), dice.chance(0.8) ? 0 : 1, dice.chance(0.4))
  }
  return blocks.join('\n')
}

function pluginsOf(dice: Dice, places: Places, isMain: boolean): string {
  const lines: string[] = ['prometheus 127.0.0.1:0', 'log', 'errors']
  const maybe = (share: number, make: () => string) => {
    if (dice.chance(share)) lines.push(make())
  }
  maybe(0.5, () => 'loadbalance')
  maybe(0.25, () => `cache ${cacheOf(dice)}`)
  maybe(0.15, () => 'minimal')
  maybe(0.15, () => 'any')
  maybe(0.1, () => 'nsid muster')
  maybe(0.1, () => `bufsize ${dice.pick([512, 1232, 1400])}`)
  maybe(0.1, () => 'chaos Muster-1 somebody')
  maybe(0.15, () => `header {\n        ${headerOf(dice)}\n    }`)
  maybe(0.15, () => dice.pick(['local', 'local {\n        localhost_prefix off\n    }']))
  maybe(0.1, () =>
    dice.pick(['dns64', 'dns64 {\n        translate_all\n        allow_ipv4\n    }']),
  )
  maybe(0.05, () => 'metadata')
  maybe(0.25, () => rewrites(dice))
  maybe(0.25, () => aclOf(dice))
  maybe(0.25, () => templateOf(dice))
  maybe(0.25, () => hostsOf(dice, places))
  maybe(0.2, () => fileOf(dice, places))
  const kubernetes = dice.chance(isMain ? 0.95 : 0.4)
  if (kubernetes) {
    lines.push(kubernetesOf(dice, places))
    maybe(0.2, () => `k8s_external ${externalOf(dice)}`)
    maybe(0.15, () =>
      dice.pick(['autopath @kubernetes', `autopath ${join(places.directory, 'resolv.conf')}`]),
    )
  }
  maybe(0.7, () => `forward . 127.0.0.1:${places.upstream}`)
  return dice
    .shuffle(lines)
    .map((line) => `    ${line}\n`)
    .join('')
}

function cacheOf(dice: Dice): string {
  return dice.pick([
    '300',
    '300 example.com',
    '300 {\n        disable success cluster.local\n        disable denial cluster.local\n    }',
    '{\n        prefetch 1 10m 50%\n    }',
    '{\n        keepttl\n    }',
  ])
}

const headerOf = (dice: Dice) =>
  dice.pick(['response set ra', 'response clear aa', 'query clear rd', 'response clear rd ra'])

function rewrites(dice: Dice): string {
  const rule = () =>
    dice.pick([
      'name exact short.test vip.zoo.svc.cluster.local',
      'name suffix .k8s.test .svc.cluster.local answer auto',
      'name regex (.*)\\.in\\.test {1}.zoo.svc.cluster.local answer auto',
      'name prefix old- new-',
      'name substring example hosts',
      'stop name exact head.zoo.svc.cluster.local head.lab.svc.cluster.local',
      'continue name suffix .com.svc.cluster.local .hosts.test answer auto',
      'type AAAA A',
      'type ANY HINFO',
      'continue ttl suffix .cluster.local 5-20',
      'rcode suffix .cluster.local NXDOMAIN NOERROR',
      'rcode exact nope.cluster.local NXDOMAIN REFUSED',
      'cname exact db.example.com. web.hosts.test.',
      'continue edns0 local set 0xffee 0x61626364',
      'edns0 nsid set',
    ])
  const rules = Array.from({ length: 1 + dice.int(3) }, rule)
  return rules.map((text) => `rewrite ${text}`).join('\n    ')
}

function aclOf(dice: Dice): string {
  const zone = dice.pick(['', '', 'zoo.svc.cluster.local', 'example.com', 'nope.svc.cluster.local'])
  const line = () =>
    dice.pick([
      'block net 127.0.0.2/32',
      'filter type AAAA net *',
      'allow net 127.0.0.1/32',
      'block type ANY net *',
      'filter net ::1/128',
      'drop type TXT net 127.0.0.2/32',
    ])
  const lines = Array.from({ length: 1 + dice.int(2) }, line)
  return `acl ${zone} {\n        ${lines.join('\n        ')}\n    }`
}

function templateOf(dice: Dice): string {
  return dice.pick([
    'template IN A example.com {\n        answer "{{ .Name }} 60 IN A 192.0.2.80"\n    }',
    'template IN A {\n        match ^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)\\.tmpl\\.test\\.$\n        answer "{{ .Name }} 60 IN A 192.0.{{ .Group.a }}.{{ .Group.b }}"\n        fallthrough\n    }',
    'template ANY ANY nope.svc.cluster.local {\n        rcode NXDOMAIN\n        authority "nope.svc.cluster.local. 60 IN SOA a.b. c.d. 1 2 3 4 60"\n    }',
    'template IN ANY com.svc.cluster.local {\n        rcode REFUSED\n    }',
    'template IN ANY tmpl.test {\n        answer "{{ .Name }} 60 IN CNAME vip.zoo.svc.cluster.local."\n    }',
    'template IN TXT zoo.svc.cluster.local {\n        answer "{{ .Name }} 90 IN TXT \\"{{ .Type }} {{ .Question.Name }}\\""\n    }',
    'template IN A svc.cluster.local {\n        match ^[a-c]+\\.\n        answer "{{ .Name }} 60 IN A 192.0.2.81"\n        fallthrough\n    }',
  ])
}

function hostsOf(dice: Dice, { directory }: Places): string {
  const file = join(directory, 'hosts')
  const first = dice.pick(['hosts', `hosts ${file}`, `hosts ${file} hosts.test`, `hosts ${file}`])
  const more = [
    '192.0.2.11 vip.zoo.svc.cluster.local more.hosts.test',
    '192.0.2.12 x.nope.cluster.local',
  ]
  const lines = dice.chance(0.5) ? more : []
  const through = dice.pick(['fallthrough', 'fallthrough', 'fallthrough cluster.local', 'ttl 60'])
  return `${first} {\n        ${[...lines, through].join('\n        ')}\n    }`
}

function fileOf(dice: Dice, { directory }: Places): string {
  const head = `file ${join(directory, 'zone')} file.test`
  return dice.pick([head, `${head} {\n        fallthrough\n    }`])
}

function externalOf(dice: Dice): string {
  return dice.pick([
    'ext.test {\n        ttl 100\n    }',
    'ext.test {\n        headless\n        ttl 70\n    }',
    'ext.test in-addr.arpa {\n        fallthrough in-addr.arpa\n        ttl 100\n    }',
  ])
}

function kubernetesOf(dice: Dice, { kubeconfig }: Places): string {
  const zones = dice.pick([
    'cluster.local in-addr.arpa ip6.arpa',
    'cluster.local in-addr.arpa ip6.arpa',
    'cluster.local',
    'Cluster.Local 10.0.0.0/8',
    'cluster.local zoo.svc.cluster.local',
    'svc.cluster.local',
    'cluster.local other.test',
    '.',
  ])
  const lines = [`kubeconfig ${kubeconfig}`, 'startup_timeout 1m']
  lines.push(`pods ${dice.pick(['disabled', 'insecure', 'insecure', 'verified'])}`)
  if (dice.chance(0.6)) {
    lines.push(
      dice.pick([
        'fallthrough in-addr.arpa ip6.arpa',
        'fallthrough',
        'fallthrough svc.cluster.local',
      ]),
    )
  }
  // Longer than a comparison takes, so that no cache forgets in the middle of it.
  lines.push(`ttl ${dice.pick([60, 300])}`)
  if (dice.chance(0.15)) lines.push('namespaces zoo default')
  if (dice.chance(0.15)) lines.push('endpoint_pod_names')
  if (dice.chance(0.1)) lines.push('noendpoints')
  if (dice.chance(0.1)) lines.push('ignore empty_service')
  return `kubernetes ${zones} {\n        ${lines.join('\n        ')}\n    }`
}
