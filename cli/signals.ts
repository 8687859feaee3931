/**
 * One AbortSignal for the whole process: SIGTERM and SIGINT abort it once, so that everything that waits ends in order.
 * A second signal ends the process the hard way.
 */
export function untilTerminated(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => controller.abort(name));
  }
  return controller.signal;
}
