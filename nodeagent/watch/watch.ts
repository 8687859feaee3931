/** Foreign changes to our objects: noticed at once, with who made them, where the kernel says so. */
import type { Log } from "../log.ts";
import { concernsOurs, WATCHED_OBJECTS } from "./ip-events.ts";
import { runMonitor } from "./monitor.ts";
import { createNftEventReader } from "./nft-events.ts";
import { NEWS_DELAY_MS, type OwnWrites } from "./own-writes.ts";
import { createThrottle } from "./throttle.ts";

export interface WatchParts {
  readonly ownWrites: Pick<OwnWrites, "claimTransaction" | "isWritingOther">;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
}

/** @param culprits as `process 4567 (nft)`; empty when the kernel does not say */
export type OnForeignChange = (culprits: readonly string[]) => void;

/** At most one call of `onChange` in this time, however much is changed. */
const LEAST_INTERVAL_MS = 250;

/** Resolves when the signal aborts and no program is left. */
export async function watchForeignChanges(
  { ownWrites, random, log }: WatchParts,
  onChange: OnForeignChange,
  signal: AbortSignal,
): Promise<void> {
  const culprits = new Set<string>();
  const tell = createThrottle(LEAST_INTERVAL_MS, () => {
    onChange([...culprits]);
    culprits.clear();
  });
  const readNft = createNftEventReader((who) => {
    if (ownWrites.claimTransaction()) return;
    if (who !== null) culprits.add(who);
    tell.request();
  });
  let later: NodeJS.Timeout | undefined;
  const readIp = (line: string): void => {
    if (!concernsOurs(line)) return;
    if (!ownWrites.isWritingOther()) tell.request();
    // Probably ours. Somebody else's among them must not be missed: one look when ours are through.
    else later ??= setTimeout(lookLater, NEWS_DELAY_MS);
  };
  const lookLater = (): void => {
    later = undefined;
    tell.request();
  };
  const parts = { onGap: tell.request, random, log };
  await Promise.all([
    runMonitor({ ...parts, program: "nft", args: ["monitor"], onLine: readNft }, signal),
    runMonitor({ ...parts, program: "ip", args: ["monitor", ...WATCHED_OBJECTS], onLine: readIp }, signal),
  ]);
  tell.stop();
  clearTimeout(later);
}
