/** Waiting longer after each failure in a row, never in step with others. */

export interface Backoff {
  /** How long to wait now, after one more failure. */
  nextMs(): number;
  /** It worked: the next wait is a short one. */
  reset(): void;
}

/** Doubles from `leastMs` to `mostMs`; of each step a random half is left out. `random` is as `Math.random`. */
export function createBackoff(leastMs: number, mostMs: number, random: () => number): Backoff {
  let failures = 0;
  return {
    nextMs() {
      const stepMs = Math.min(mostMs, leastMs * 2 ** failures);
      failures += 1;
      return stepMs / 2 + (stepMs / 2) * random();
    },
    reset() {
      failures = 0;
    },
  };
}
