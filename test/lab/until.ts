import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again and again until `probe` returns something, and gives up at the bound.
 * @param what names the awaited state for the error.
 * @throws Error that says what did not come.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 10_000, intervalMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(intervalMs);
  }
}
