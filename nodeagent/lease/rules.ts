/**
 * The rules that keep an address with one holder, each a function of its own; docs/lease.md says why they suffice. The
 * simulation replaces them one by one and must then find two holders.
 */
import type { Entry } from "./entry.ts";
import type { Grounds, LeaseLength } from "./messages.ts";
import type { Accepted, Value } from "./register.ts";
import { TIMING, type Timing } from "./timing.ts";
import { majorityOf, stepTowards, type WitnessId } from "./witness-set.ts";

export interface Rules {
  readonly timing: Timing;
  /** How many witnesses of so many decide. */
  majorityOf(size: number): number;

  // A witness.
  /** On what grounds `node` may take the address now; `null`: it may not. */
  groundsFor(entry: Entry, node: string, now: number, startedAt: number, timing: Timing): Grounds | null;
  /** Whether a claim of that epoch is refused. */
  refuses(entry: Entry, node: string, epoch: number): boolean;
  /** Whether a claim that is not refused is recorded. */
  records(entry: Entry, epoch: number): boolean;
  /** Whether a heartbeat is newer than the newest one seen of that node: generation first, then number. */
  isNewer(seen: readonly [number, number], heard: readonly [number, number]): boolean;
  /** Whether the note of a node's park goes when it heartbeats like this, given whether it heartbeat so after the note. */
  endsPark(lease: LeaseLength, isLater: boolean): boolean;
  /** Whether it goes when a heartbeat comes without the address. */
  endsParkOfReleased(isLater: boolean): boolean;
  /** Whether a witness that goes by one set version obeys a message that goes by another. */
  obeys(ownSet: number, messageSet: number): boolean;
  /** Whether an answer waits until what it says is on disk. */
  persistsFirst: boolean;

  // A holder.
  /** Whether an acknowledgement of heartbeat `answered` counts while `armed` is the newest armed one. */
  counts(answered: number, armed: number): boolean;
  /** Whether a claimed address may enter `mine`, given whether a heartbeat with it was acknowledged and refreshed. */
  mayEnter(covered: boolean): boolean;
  /** Whether the claim of a leaving address goes, given whether it surely is in `mine`, and whether it may be. */
  mayDropClaim(isInside: boolean, mayBeInside: boolean): boolean;
  /** Whether heartbeats may be sent while `mine` contains addresses that are not claimed. */
  mayHeartbeat(unclaimed: number, mineReplaced: boolean): boolean;

  // A coordinator of changes of the witness set.
  /** The members of the next set on the way from one to the other; `null`: it is reached. */
  nextMembers(members: readonly WitnessId[], target: readonly WitnessId[]): readonly WitnessId[] | null;
  /** The successor of a version to propose, given what the register of the successor holds. */
  successor(version: number, wanted: Value, inForce: Accepted | null): Value;
  /** Whether registers are written again before a change counts as done. */
  rewrites: boolean;
  /** How long after a majority of the new set knows it a change counts as done. */
  settleMs(parkedMs: number, timing: Timing): number;
}

export const RULES: Rules = {
  timing: TIMING,
  majorityOf,

  groundsFor(entry, node, now, startedAt, { freeAfterMs }) {
    const { claim, accepted, park } = entry;
    // What was acknowledged just before the start is forgotten.
    if (now - startedAt <= freeAfterMs) return null;
    if (park !== null && park.node !== node && now <= entry.parkedUntil) return null;
    // Not needed for safety: time for a new owner to claim before the next one tries.
    if (accepted !== null && accepted.owner !== node && now - entry.acceptedAt <= freeAfterMs) return null;
    if (claim === null) return accepted === null ? "new" : "expired";
    if (claim.node === node) return "own";
    if (claim.released) return "released";
    return now - claim.at > freeAfterMs ? "expired" : null;
  },
  refuses({ accepted, newestEpoch }, node, epoch) {
    if (epoch < newestEpoch) return true;
    if (accepted === null) return false;
    return epoch < accepted.epoch || (epoch === accepted.epoch && accepted.owner !== node);
  },
  // Also when it is newer than what this witness has accepted itself: the majority that chose it may be another.
  records: () => true,
  isNewer: ([generation, number], [heardGeneration, heardNumber]) =>
    heardGeneration > generation || (heardGeneration === generation && heardNumber > number),
  // A witness that has started anew has forgotten which heartbeats came before the note.
  endsPark: (lease, isLater) => isLater && lease === "short",
  endsParkOfReleased: (isLater) => isLater,
  obeys: (ownSet, messageSet) => ownSet === messageSet,
  persistsFirst: true,

  counts: (answered, armed) => answered === armed,
  mayEnter: (covered) => covered,
  mayDropClaim: (_, mayBeInside) => !mayBeInside,
  mayHeartbeat: (unclaimed, mineReplaced) => mineReplaced && unclaimed === 0,

  nextMembers: stepTowards,
  // What somebody else has proposed as the successor goes on; what led to this set is history.
  successor: (version, wanted, inForce) => (inForce !== null && inForce.epoch > version ? inForce : wanted),
  rewrites: true,
  // The witnesses' clocks measured the park; this one may be faster.
  settleMs: (parkedMs, { freeAfterMs }) => Math.max(freeAfterMs, parkedMs * 1.03),
};
