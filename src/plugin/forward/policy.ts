/** In which order upstreams are tried for a query. */
export type Policy = <T>(upstreams: readonly T[]) => readonly T[]

/** Any order, all equally likely. */
export function random(chance: () => number): Policy {
  return (upstreams) => {
    const order = [...upstreams]
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(chance() * (i + 1))
      const moved = order[i] as (typeof order)[number]
      order[i] = order[j] as (typeof order)[number]
      order[j] = moved
    }
    return order
  }
}

/** Each query begins with the next upstream; the others follow as configured. The second upstream is the first one's turn, as in the reference. */
export function roundRobin(): Policy {
  let turn = 0
  return (upstreams) => {
    turn = (turn + 1) % upstreams.length
    const first = upstreams[turn] as (typeof upstreams)[number]
    return [first, ...upstreams.slice(0, turn), ...upstreams.slice(turn + 1)]
  }
}

/** As configured. */
export const sequential: Policy = (upstreams) => upstreams
