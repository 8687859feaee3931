/** Tells a segment who has an address now, more than once: a frame may be lost, and a cache may be about to be filled. */
import { setTimeout as delay } from "node:timers/promises";
import type { FrameSender } from "./frame-sender.ts";
import { announcementFrames } from "./frames.ts";

/** After the first time. Caches that missed it ask themselves within seconds. */
const REPEATED_AFTER_MS = [100, 500, 1_000];

export interface Announcement {
  /** Of the device that sends. */
  readonly mac: string;
  readonly ips: readonly string[];
  /** Asked before each repetition. The gate would drop the frame, and the program that sends would end with an error. */
  readonly isMine: (ip: string) => boolean;
}

/** Sends at once, then repeats. Resolves after the last repetition, or when the signal aborts. */
export async function announceRepeatedly(
  sender: FrameSender,
  { mac, ips, isMine }: Announcement,
  signal: AbortSignal,
): Promise<void> {
  const send = (): void => sender.send(ips.filter(isMine).flatMap((ip) => announcementFrames(mac, ip)));
  send();
  let elapsedMs = 0;
  for (const afterMs of REPEATED_AFTER_MS) {
    const pause = delay(afterMs - elapsedMs, true, { signal, ref: false }).catch(() => false);
    if (!(await pause)) return;
    elapsedMs = afterMs;
    send();
  }
}
