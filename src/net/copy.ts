/** Copies a few octets, for which a view and a call of `set` would cost more than the copying. */
export function copy(
  from: Uint8Array,
  at: number,
  to: Uint8Array,
  toAt: number,
  octets: number,
): void {
  for (let i = 0; i < octets; i++) to[toAt + i] = from[at + i] as number
}
