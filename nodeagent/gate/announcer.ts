/** Tells a segment who has an address now, more than once: a frame may be lost, and a cache may be about to be filled. */
import { setTimeout as delay } from "node:timers/promises";
import type { FrameSender } from "./frame-sender.ts";
import { announcementFrames } from "./frames.ts";

/** After the first time. Caches that missed it ask themselves within seconds. */
const REPEATED_AFTER_MS = [100, 500, 1_000];

/**
 * Sends at once, then repeats. What was lost in the meantime is announced no more: the gate drops it.
 *
 * Resolves after the last repetition, or when the signal aborts.
 *
 * @param mac of the device that sends
 */
export async function announceRepeatedly(
  sender: FrameSender,
  mac: string,
  ips: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const frames = ips.flatMap((ip) => announcementFrames(mac, ip));
  sender.send(frames);
  let elapsedMs = 0;
  for (const afterMs of REPEATED_AFTER_MS) {
    const pause = delay(afterMs - elapsedMs, true, { signal, ref: false }).catch(() => false);
    if (!(await pause)) return;
    elapsedMs = afterMs;
    sender.send(frames);
  }
}
