/** What a distribution's Corefile is run with, and asked. */
export interface Distribution {
  readonly domain?: string
  readonly port?: number
  /** Address that is asked; 127.0.0.1. */
  readonly address?: string
  /** Files beside the Corefile, in /etc/coredns. */
  readonly files?: Readonly<Record<string, string>>
  /** Questions beside {@link commonQuestions}. */
  readonly questions?: readonly string[]
  /** URLs without scheme; kubeadm's by default. */
  readonly pages?: readonly string[]
}

const PAGES = ['127.0.0.1:8080/health', '127.0.0.1:8181/ready', '127.0.0.1:9153/metrics']

/** Every Corefile of this folder by its name; the texts and what belongs to them are the distributions' own. */
export const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  ack: {},
  'ack-autopath': {},
  aks: {
    files: {
      'custom/test.override': 'log\n',
      'custom/hosts.override': 'hosts {\n  10.0.0.1 login.salesforce.example\n  fallthrough\n}\n',
      'custom/puglife.server':
        'puglife.local:53 {\n    errors\n    cache 30\n    forward . 192.11.0.1\n}\n',
    },
    questions: [
      'login.salesforce.example. A',
      'pet.puglife.local. A',
      'vm.internal.cloudapp.net. A',
      'a.b.c.d.internal.cloudapp.net. A',
      'a.b.c.internal.cloudapp.net. A',
      'anything.reddog.microsoft.com. AAAA',
    ],
  },
  'coredns-deployment': {
    questions: ['www.stub.example. A', 'none.stub.example. A', '1.0.0.11.in-addr.arpa. PTR'],
  },
  eks: {},
  'eks-old': { pages: ['127.0.0.1:8080/health', '127.0.0.1:9153/metrics'] },
  gardener: {
    domain: 'foo.bar',
    port: 8053,
    files: {
      'custom/mine.override': 'hosts {\n  10.0.0.2 mine.example\n  fallthrough\n}\n',
      'custom/mine.server': 'puglife.local:8053 {\n    errors\n    forward . 192.11.0.1\n}\n',
    },
    questions: [
      'mine.example. A',
      'pet.puglife.local. A',
      'cart.shop.svc.foo.bar.svc.foo.bar. A',
      '_mysql._tcp.db.shop.svc.foo.bar.svc.foo.bar. SRV',
      'missing.shop.svc.foo.bar.svc.foo.bar. A',
    ],
  },
  helm: {},
  k0s: {},
  k3s: {
    files: {
      NodeHosts: '172.16.0.4 node-one\nfd00::4 node-one\n172.16.0.5 node-two\n',
      'custom/extra.server':
        'puglife.local:53 {\n    errors\n    cache 30\n    forward . 192.11.0.1\n}\n',
    },
    questions: [
      'node-one. A',
      'node-one. AAAA',
      'NODE-two. A',
      '4.0.16.172.in-addr.arpa. PTR',
      'pet.puglife.local. A',
    ],
  },
  kind: {},
  kops: {},
  kubeadm: {},
  'kubeadm-1.31': {},
  microk8s: {},
  minikube: { questions: ['host.minikube.internal. A', 'host.minikube.internal. AAAA'] },
  nodelocaldns: {
    address: '169.254.20.10',
    questions: ['example.com. MX'],
    pages: ['169.254.20.10:8080/health', '127.0.0.1:9253/metrics'],
  },
  openshift: {
    port: 5353,
    questions: ['hostname.bind. TXT +ch', 'id.server. TXT +ch', 'hostname.bind. A'],
  },
  rke2: {},
  talos: {},
}

export const portOf = ({ port = 53 }: Distribution): number => port
export const addressOf = ({ address = '127.0.0.1' }: Distribution): string => address
export const pagesOf = ({ pages = PAGES }: Distribution): readonly string[] => pages

/** What Pods ask: Services, endpoints, ports, addresses, Pods by address, the walk of a search list, names outside. `+pod` is asked from a Pod's address. */
export function questionsOf({ domain = 'cluster.local', questions = [] }: Distribution): string[] {
  return [
    `kubernetes.default.svc.${domain}. A`,
    `kubernetes.default.svc.${domain}. AAAA`,
    `cart.shop.svc.${domain}. A +tcp`,
    `CART.shop.svc.${domain}. A +bufsize=1232`,
    `_http._tcp.cart.shop.svc.${domain}. SRV`,
    `db.shop.svc.${domain}. A`,
    `db-0.db.shop.svc.${domain}. A`,
    `db-9.db.shop.svc.${domain}. A`,
    `_mysql._tcp.db.shop.svc.${domain}. SRV`,
    `outside.shop.svc.${domain}. A`,
    '7.7.96.10.in-addr.arpa. PTR',
    '4.1.244.10.in-addr.arpa. PTR',
    '9.99.244.10.in-addr.arpa. PTR',
    '80.2.0.192.in-addr.arpa. PTR',
    `10-244-3-9.shop.pod.${domain}. A`,
    `10-244-99-9.shop.pod.${domain}. A`,
    `missing.shop.svc.${domain}. A`,
    `shop.svc.${domain}. A`,
    `dns-version.${domain}. TXT`,
    `${domain}. SOA`,
    `example.com.shop.svc.${domain}. A`,
    `example.com.svc.${domain}. A`,
    `example.com.${domain}. A`,
    'example.com. A',
    'example.com. AAAA',
    'example.com. TXT +do +bufsize=4096',
    'no-such-name.invalid. A',
    `www.example.com.shop.svc.${domain}. AAAA +pod`,
    `example.com.shop.svc.${domain}. A +pod`,
    ...questions,
  ]
}
