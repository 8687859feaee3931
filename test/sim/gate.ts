/**
 * The kernel's gate as the nft rules make it: elements with a timeout, refreshed by datagrams, and the set `mine` of one
 * generation. It outlives the agent and is lost with the power. Times are those of the node's own clock.
 */
import type { Timing } from "../../nodeagent/lease/timing.ts";

/** What another kernel would do; the true one does none of it. */
export interface GateFlaws {
  /** A refresh never shortens a lease. */
  readonly keepsLongerLease?: boolean;
  /** A write of an older generation reaches `mine`. */
  readonly acceptsOldGenerations?: boolean;
  /** A refresh needs no `armed`. */
  readonly refreshesUnarmed?: boolean;
}

export interface Gate {
  /** @returns whether there is an echo */
  arm(now: number): boolean;
  refresh(now: number): boolean;
  park(now: number): boolean;
  replace(generation: number, ips: readonly string[]): boolean;
  change(generation: number, add: readonly string[], remove: readonly string[]): boolean;
  isRunning(now: number): boolean;
  isOpen(ip: string, now: number): boolean;
  mine(): readonly string[];
  losePower(): void;
}

export function createGate(timing: Timing, flaws: GateFlaws): Gate {
  let armedUntil = Number.NEGATIVE_INFINITY;
  let leaseUntil = Number.NEGATIVE_INFINITY;
  let generation = 0;
  let mine = new Set<string>();

  function setLease(now: number, lengthMs: number): boolean {
    if (now >= armedUntil && !flaws.refreshesUnarmed) return false;
    leaseUntil = flaws.keepsLongerLease ? Math.max(leaseUntil, now + lengthMs) : now + lengthMs;
    return true;
  }

  return {
    arm(now) {
      armedUntil = now + timing.armMs;
      return true;
    },
    refresh: (now) => setLease(now, timing.leaseMs),
    park: (now) => setLease(now, timing.parkMs),
    replace(newGeneration, ips) {
      if (newGeneration < generation && !flaws.acceptsOldGenerations) return false;
      generation = Math.max(generation, newGeneration);
      mine = new Set(ips);
      return true;
    },
    change(ofGeneration, add, remove) {
      if (ofGeneration !== generation && !flaws.acceptsOldGenerations) return false;
      for (const ip of add) mine.add(ip);
      for (const ip of remove) mine.delete(ip);
      return true;
    },
    isRunning: (now) => now < leaseUntil,
    isOpen: (ip, now) => now < leaseUntil && mine.has(ip),
    mine: () => [...mine],
    losePower() {
      armedUntil = Number.NEGATIVE_INFINITY;
      leaseUntil = Number.NEGATIVE_INFINITY;
      generation = 0;
      mine = new Set();
    },
  };
}
