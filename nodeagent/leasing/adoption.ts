/**
 * From the time before leases: what this node held because the plan said so stays open while it goes through the register.
 *
 * Only then may a lease be prolonged without a claim. Nobody else may take the address meanwhile: whoever orders the first
 * lease names its holder as the only candidate.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeState } from "../../policies/nodestate.ts";
import type { LeaseGate } from "../gate/gate.ts";
import { TIMING } from "../lease/timing.ts";

/** @param before the state in force until now; `null`: none is known */
export function adoptedFrom(before: NodeState | null, { node, lease }: NodeState): readonly string[] {
  if (before === null || before.lease !== null || lease === null) return [];
  const planned = new Set(lease.addresses.filter(({ candidates }) => candidates[0] === node).map(({ ip }) => ip));
  return before.held.map(({ ip }) => ip).filter((ip) => planned.has(ip));
}

/** Apart from those of heartbeats, which begin with 1. */
const FIRST_NUMBER = 2 ** 48;
/** Witnesses that start now refuse everybody for a while, and the register takes a moment. */
const BRIDGED_MS = TIMING.resumeMs + TIMING.leaseMs;

/** @param number another one each time */
export async function prolong(gate: Pick<LeaseGate, "arm" | "refresh">, number: number): Promise<boolean> {
  return (await gate.arm(FIRST_NUMBER + number)) && (await gate.refresh(FIRST_NUMBER + number));
}

/** Resolves when `isClaimed`, or when it has taken too long. */
export async function bridgeLease(
  gate: Pick<LeaseGate, "arm" | "refresh">,
  isClaimed: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (let elapsedMs = 1; elapsedMs < BRIDGED_MS; elapsedMs += TIMING.heartbeatMs) {
    if (isClaimed() || signal.aborted) return;
    await prolong(gate, elapsedMs);
    await delay(TIMING.heartbeatMs);
  }
}
