/** Calls made at once, then at most one in an interval, the last one never lost. */

interface Throttle {
  request(): void;
  /** What was asked for and not yet done is not done. */
  stop(): void;
}

export function createThrottle(intervalMs: number, work: () => void): Throttle {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  const run = (): void => {
    again = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) run();
    }, intervalMs);
    work();
  };
  return {
    request() {
      if (timer === undefined) run();
      else again = true;
    },
    stop: () => clearTimeout(timer),
  };
}
