/** Chance that can be repeated: everything a run does follows from its seed. */

export interface Random {
  /** From 0 to 1, as `Math.random`. */
  next(): number;
  between(least: number, most: number): number;
  /** True in `share` of all cases. */
  chance(share: number): boolean;
  /** `items` is not empty. */
  pick<T>(items: readonly T[]): T;
}

/** mulberry32, by Tommy Ettinger (public domain). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (least, most) => least + (most - least) * next(),
    chance: (share) => next() < share,
    pick: <T>(items: readonly T[]) => items[Math.floor(next() * items.length)] as T,
  };
}
