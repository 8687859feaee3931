/** How long an answer may take. A server that drips a byte now and then never hangs, and never ends either. */

export interface GitTimeouts {
  /** Until the first byte of the answer. */
  readonly headersMs: number;
  /** Between two pieces of the answer. */
  readonly idleMs: number;
  /** From request to the last byte: ends answers that drip. */
  readonly totalMs: number;
}

export const defaultTimeouts: GitTimeouts = { headersMs: 10_000, idleMs: 10_000, totalMs: 60_000 };

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** What ran out, in words. */
  readonly expired: string | undefined;
  /** The next piece has this much time, within the total. */
  extend(ms: number): void;
}

export function startDeadline(timeouts: GitTimeouts): Deadline {
  const controller = new AbortController();
  let expired: string | undefined;
  const expire = (what: string) => () => {
    expired = what;
    controller.abort();
  };
  const total = setTimeout(expire(`the answer took longer than ${timeouts.totalMs} ms`), timeouts.totalMs);
  let next = setTimeout(expire(`no answer within ${timeouts.headersMs} ms`), timeouts.headersMs);
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    extend(ms) {
      clearTimeout(next);
      next = setTimeout(expire(`the answer stopped for ${ms} ms`), ms);
    },
    [Symbol.dispose]() {
      clearTimeout(total);
      clearTimeout(next);
    },
  };
}
