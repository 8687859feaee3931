/** The clock of a pure part that says when it wants to be woken. */
export interface Alarm {
  /** In place of what was set before; infinity: never. */
  set(atMs: number): void;
  /** It does not ring any more, whatever is set. */
  close(): void;
}

/** @param nowMs of the same clock as the times that are set */
export function createAlarm(nowMs: () => number, ring: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  return {
    set(atMs) {
      clearTimeout(timer);
      if (!closed && atMs !== Number.POSITIVE_INFINITY) timer = setTimeout(ring, Math.max(0, atMs - nowMs()));
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
