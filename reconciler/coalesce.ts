/**
 * One run in flight, and one dirty bit: however often `trigger` is called while work runs, it runs once more, and the
 * reasons given meanwhile are handed over together.
 */
export interface Coalesced<Reason> {
  trigger(reason: Reason): void;
  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void>;
}

/** @param work must not reject: what it could not do is its own business to remember. */
export function coalesce<Reason>(work: (reasons: ReadonlySet<Reason>) => Promise<void>): Coalesced<Reason> {
  let waiting = new Set<Reason>();
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (waiting.size > 0) {
      const reasons = waiting;
      waiting = new Set();
      await work(reasons);
    }
    running = undefined;
  };
  return {
    trigger: (reason) => {
      waiting.add(reason);
      running ??= run();
    },
    idle: async () => {
      while (running) await running;
    },
  };
}
