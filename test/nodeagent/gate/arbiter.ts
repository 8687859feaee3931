/** Decides which contender may take the floating IPs, and remembers to whom it gave them. */
import { TIMING } from "../../../nodeagent/lease/timing.ts";
import type { Answer, Heartbeat } from "./contender.ts";
import type { Gateway } from "./segment.ts";

export interface Arbiter {
  hear(from: Gateway, heartbeat: Heartbeat, nowMs: number): Answer;
  readonly owner: () => Gateway | null;
  readonly grants: readonly Grant[];
}

export interface Grant {
  readonly to: Gateway;
  /** Before the gateway was told. */
  readonly atMs: number;
}

export function createArbiter(): Arbiter {
  const grants: Grant[] = [];
  let lastClaimMs = Number.NEGATIVE_INFINITY;
  const owner = (): Gateway | null => grants.at(-1)?.to ?? null;
  return {
    grants,
    owner,
    hear(from, { number, claims }, nowMs) {
      if (from === owner()) {
        lastClaimMs = nowMs;
        return { number, says: claims ? "acknowledged" : "take" };
      }
      if (claims) return { number, says: "refused" };
      if (nowMs - lastClaimMs <= TIMING.freeAfterMs) return { number, says: "acknowledged" };
      grants.push({ to: from, atMs: nowMs });
      lastClaimMs = nowMs;
      return { number, says: "take" };
    },
  };
}
