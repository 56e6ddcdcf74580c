import { C, type NativeMemory, type Syscalls } from './syscalls.ts'

/** Clients that a filter holds back at most. */
export const MAX_LIMITED = 8

/** A client that is held back. */
export interface Limit {
  /** Its address as four words in network order; an IPv4 one in its IPv6 clothes (RFC 4291 §2.5.5.2). */
  readonly address: readonly [number, number, number, number]
  /** Share of its datagrams that is let through, from 0 to 1. */
  readonly pass: number
}

/** The word in front of an IPv4 address in its IPv6 clothes. */
export const MAPPED = 0xffff

/** Instructions of classic BPF that are needed (linux/filter.h, linux/bpf_common.h): code, then what it works on. */
const LOAD_WORD = 0x20
const LOAD_OCTET = 0x30
const SHIFT_RIGHT = 0x74
const IF_EQUAL = 0x15
const IF_GREATER = 0x25
const RETURN = 0x06
/** Offsets from here on count from the network header. */
const NETWORK = 0xfff00000
/** Loading from here gives a random word. */
const RANDOM = 0xfffff000 + 56
const ALL = 0xffffffff
/** Where the address that a packet comes from lies in its header. */
const IPV4_SOURCE = 12
const IPV6_SOURCE = 8

const INSTRUCTION_OCTETS = 8
const MOST_INSTRUCTIONS = 8 + 12 * MAX_LIMITED

/**
 * A filter of a socket in the kernel (SO_ATTACH_FILTER) that throws away a share of what comes from some addresses. What it throws away costs the process nothing:
 * neither time nor room in the socket's queue. It needs no rights.
 */
export class SourceFilter {
  private readonly syscalls: Syscalls
  private readonly descriptor: number
  private program: NativeMemory | undefined

  constructor(syscalls: Syscalls, descriptor: number) {
    this.syscalls = syscalls
    this.descriptor = descriptor
  }

  /** Puts these limits in the place of those before. False where the kernel will not have it. */
  set(limits: readonly Limit[]): boolean {
    this.program ??= this.syscalls.allocate(MOST_INSTRUCTIONS * INSTRUCTION_OCTETS)
    const program = programFor(limits.slice(0, MAX_LIMITED))
    this.program.bytes.set(new Uint8Array(program.buffer, 0, program.byteLength))
    const option = new DataView(new ArrayBuffer(16))
    option.setUint16(0, program.byteLength / INSTRUCTION_OCTETS, true)
    option.setBigUint64(8, this.program.address, true)
    const value = new Uint8Array(option.buffer)
    const { descriptor } = this
    return this.syscalls.setsockopt(descriptor, C.SOL_SOCKET, C.SO_ATTACH_FILTER, value) >= 0
  }

  /** Lets everything through. */
  clear(): void {
    const none = new Uint8Array(4)
    this.syscalls.setsockopt(this.descriptor, C.SOL_SOCKET, C.SO_DETACH_FILTER, none)
  }
}

/** The program: each client a block that ends, and what is nobody's runs through to the last instruction. */
export function programFor(limits: readonly Limit[]): Uint32Array<ArrayBuffer> {
  const ipv4 = limits.filter(isIpv4).flatMap(ipv4Block)
  const ipv6 = limits.filter((limit) => !isIpv4(limit)).flatMap(ipv6Block)
  const instructions = [
    of(LOAD_OCTET, NETWORK),
    of(SHIFT_RIGHT, 4),
    of(IF_EQUAL, 4, 0, ipv4.length + 2),
    of(LOAD_WORD, NETWORK + IPV4_SOURCE),
    ...ipv4,
    of(RETURN, ALL),
    ...ipv6,
    of(RETURN, ALL),
  ]
  return new Uint32Array(instructions.flat())
}

const isIpv4 = ({ address: [a, b, c] }: Limit): boolean => a === 0 && b === 0 && c === MAPPED

type Instruction = readonly [number, number]

/** struct sock_filter: code, how many to skip if true and if not, the constant. */
function of(code: number, constant: number, ifTrue = 0, ifNot = 0): Instruction {
  return [code | (ifTrue << 16) | (ifNot << 24), constant >>> 0]
}

function ipv4Block({ address, pass }: Limit): Instruction[] {
  return [of(IF_EQUAL, address[3], 0, 4), ...chance(pass)]
}

function ipv6Block({ address, pass }: Limit): Instruction[] {
  const compared = address.flatMap((word, i) => [
    of(LOAD_WORD, NETWORK + IPV6_SOURCE + 4 * i),
    of(IF_EQUAL, word, 0, 2 * (3 - i) + 4),
  ])
  return [...compared, ...chance(pass)]
}

function chance(pass: number): Instruction[] {
  const bound = Math.min(ALL, Math.floor(Math.max(0, pass) * 2 ** 32))
  return [of(LOAD_WORD, RANDOM), of(IF_GREATER, bound, 0, 1), of(RETURN, 0), of(RETURN, ALL)]
}
