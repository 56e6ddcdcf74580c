import { createRequire } from 'node:module'
import { arch } from 'node:os'

/** Numbers of the system calls. They are made by number: some libcs only imitate batches, and all have other ideas of the structures than the kernel. */
const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    close: 3,
    socket: 41,
    connect: 42,
    bind: 49,
    getsockname: 51,
    setsockopt: 54,
    getsockopt: 55,
    ppoll: 271,
    recvmmsg: 299,
    sendmmsg: 307,
  },
  arm64: {
    close: 57,
    ppoll: 73,
    socket: 198,
    bind: 200,
    connect: 203,
    getsockname: 204,
    setsockopt: 208,
    getsockopt: 209,
    recvmmsg: 243,
    sendmmsg: 269,
  },
}

/** Numbers that the kernel and the C libraries share on x64 and arm64. */
export const C = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM_CLOEXEC: 2 | 0x80000,
  SOL_SOCKET: 1,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_RCVTIMEO: 20,
  SO_ATTACH_FILTER: 26,
  SO_DETACH_FILTER: 27,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  SO_MEMINFO: 55,
  IPPROTO_IP: 0,
  IP_PKTINFO: 8,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
  IPV6_PKTINFO: 50,
  MSG_DONTWAIT: 0x40,
  MSG_WAITFORONE: 0x10000,
  POLLIN: 1,
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  ENOSYS: 38,
} as const

const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  13: 'EACCES',
  19: 'ENODEV',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
}

/** Memory outside the JavaScript heap, which the kernel may be told the addresses of. It is never given back: threads keep theirs for life. */
export interface NativeMemory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly address: bigint
}

type Pointer = Uint8Array | Int32Array | null
type Call3 = (fd: number, pointer: Pointer, length: number) => number
type Batch = (fd: number, headers: Uint8Array, count: number, flags: number) => number

/** The system calls of datagram sockets. Each returns -1 and sets {@link Syscalls.errno} when it fails; none throws for what a network can do. */
export interface Syscalls {
  socket(domain: number, type: number): number
  bind: Call3
  connect: Call3
  getsockname(fd: number, address: Uint8Array, length: Int32Array): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Int32Array): number
  close(fd: number): number
  /** Waits until one of the sockets is readable; `timeout` is a timespec. */
  ppoll(fds: Uint8Array, count: number, timeout: Uint8Array): number
  recvmmsg: Batch
  sendmmsg: Batch
  errno(): number
  allocate(octets: number): NativeMemory
}

interface Koffi {
  load(path: null): { func(definition: string): (...args: unknown[]) => number }
  errno(): number
  address(pointer: unknown): bigint
  view(pointer: unknown, octets: number): ArrayBuffer
}

/**
 * The system calls of this machine through koffi.
 *
 * @returns why there are none, as a text for the log, where koffi is not installed or the machine is another than koffi or this file know
 */
export function loadSyscalls(): Syscalls | string {
  const numbers = process.platform === 'linux' ? NUMBERS[arch()] : undefined
  if (numbers === undefined) return `no system calls are known for ${process.platform} on ${arch()}`
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    const syscalls = bindSyscalls(koffi, numbers)
    return missing(syscalls) ?? syscalls
  } catch (error) {
    return (error as Error).message.split('\n')[0] as string
  }
}

/** Why batches cannot be had here: an old kernel has none, and a sandbox may forbid them. Any other error is about the descriptor, which is none. */
function missing(syscalls: Syscalls): string | undefined {
  const nothing = new Uint8Array(64)
  for (const call of ['recvmmsg', 'sendmmsg'] as const) {
    const errno = syscalls[call](-1, nothing, 1, C.MSG_DONTWAIT) < 0 ? syscalls.errno() : 0
    if (errno === C.ENOSYS || errno === C.EPERM)
      return `${call}: ${errno === C.EPERM ? 'EPERM' : 'ENOSYS'}`
  }
  return undefined
}

/** The kernel takes integers and pointers in the same registers whatever a prototype calls them, so `syscall` is declared once for each shape. */
function bindSyscalls(koffi: Koffi, numbers: Readonly<Record<string, number>>): Syscalls {
  const libc = koffi.load(null)
  const declare = (parameters: string) => libc.func(`long syscall(long, ${parameters})`)
  const three = declare('int, int, int')
  const address = declare('int, void *, int')
  const name = declare('int, void *, void *')
  const option = declare('int, int, int, void *, int')
  const getOption = declare('int, int, int, void *, void *')
  const poll = declare('void *, uint, void *, void *')
  const batch = declare('int, void *, uint, int, void *')
  const number = (call: string) => numbers[call] as number
  const [receive, send] = [number('recvmmsg'), number('sendmmsg')]
  const malloc = libc.func('void *malloc(size_t)')
  return {
    socket: (domain, type) => three(number('socket'), domain, type, 0),
    bind: (fd, pointer, length) => address(number('bind'), fd, pointer, length),
    connect: (fd, pointer, length) => address(number('connect'), fd, pointer, length),
    getsockname: (fd, pointer, length) => name(number('getsockname'), fd, pointer, length),
    setsockopt: (fd, level, key, value) =>
      option(number('setsockopt'), fd, level, key, value, value.length),
    getsockopt: (fd, level, key, value, length) =>
      getOption(number('getsockopt'), fd, level, key, value, length),
    close: (fd) => three(number('close'), fd, 0, 0),
    ppoll: (fds, count, timeout) => poll(number('ppoll'), fds, count, timeout, null),
    recvmmsg: (fd, headers, count, flags) => batch(receive, fd, headers, count, flags, null),
    sendmmsg: (fd, headers, count, flags) => batch(send, fd, headers, count, flags, null),
    errno: () => koffi.errno(),
    allocate: (octets) => allocate(koffi, malloc, octets),
  }
}

function allocate(koffi: Koffi, malloc: (octets: number) => unknown, octets: number): NativeMemory {
  const pointer = malloc(octets)
  if (pointer === null) throw new Error(`no memory for ${octets} octets of packets`)
  const memory = koffi.view(pointer, octets)
  new Uint8Array(memory).fill(0)
  return {
    bytes: new Uint8Array(memory),
    words: new Uint32Array(memory),
    address: koffi.address(pointer),
  }
}

/** The failure of a system call, as node's own errors are. */
export function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const code = ERRNO[errno] ?? `errno ${errno}`
  return Object.assign(new Error(`${call}: ${code}`), { code, errno, syscall: call })
}
