/** What the passing of time makes known to a plan: that a node's ports may be reused, and that an address is lost. */
import {
  NOTHING_WATCHED,
  nextLossMs,
  type Sight,
  type Watch,
  watchHolders,
  withLost,
} from "../policies/leases/lost.ts";
import type { Previous } from "../policies/plan.ts";
import { ageBlocks, nextReuseMs } from "../policies/quarantine.ts";

export class PassingTime {
  readonly #nowMs: () => number;
  readonly #wake: () => void;
  #watch: Watch = NOTHING_WATCHED;
  #timer: NodeJS.Timeout | undefined;

  /** @param wake called when more has become known, unless `look` was called again before */
  constructor(nowMs: () => number, wake: () => void) {
    this.#nowMs = nowMs;
    this.#wake = wake;
  }

  /**
   * @param seen undefined while nothing was planned yet
   * @returns the same object when nothing changes
   */
  look(previous: Previous, nodes: ReadonlySet<string>, seen: Omit<Sight, "nowMs"> | undefined): Previous {
    const nowMs = this.#nowMs();
    let known = ageBlocks(previous, nodes, nowMs);
    if (seen !== undefined) {
      const sight = { ...seen, nowMs };
      this.#watch = watchHolders(this.#watch, sight);
      known = withLost(known, this.#watch, sight);
    }
    const times = [nextReuseMs(known, nodes), nextLossMs(this.#watch, nowMs)].filter((time) => time !== undefined);
    clearTimeout(this.#timer);
    if (times.length > 0) this.#timer = setTimeout(this.#wake, Math.min(...times) - nowMs);
    return known;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
