/** The witness set: who is asked, and what a majority is. */
import type { Value } from "./register.ts";

/**
 * `node#disk`: the disk's name is made up when a witness first starts and kept on it. A witness that has lost its disk is
 * another witness, so it is never asked about what it has forgotten.
 */
export type WitnessId = string;

/** The reconciler as a member of a set: no node can have this name (RFC 1123). */
export const RECONCILER = "_reconciler";

export interface WitnessSet {
  /** 0: none known. */
  readonly version: number;
  /** Sorted; at most one of each node. */
  readonly members: readonly WitnessId[];
}

export const NO_SET: WitnessSet = { version: 0, members: [] };

export function nodeOf(witness: WitnessId): string {
  return witness.slice(0, witness.indexOf("#"));
}

export function majorityOf(size: number): number {
  return Math.floor(size / 2) + 1;
}

/**
 * The members one change nearer to the target, `null` when there. One is added or removed at a time, so that every
 * majority of one set meets every majority of the next. Adding comes first, unless the node's other disk must go first.
 */
export function stepTowards(members: readonly WitnessId[], target: readonly WitnessId[]): readonly WitnessId[] | null {
  const extra = members.filter((member) => !target.includes(member));
  const missing = target.filter((member) => !members.includes(member));
  const nodes = new Set(members.map(nodeOf));
  const addable = missing.find((member) => !nodes.has(nodeOf(member)));
  if (addable !== undefined) return [...members, addable].sort();
  const [removable] = extra;
  return removable === undefined ? null : members.filter((member) => member !== removable);
}

export function successorValue(version: number, members: readonly WitnessId[]): Value {
  return { epoch: version, owner: members.join(" ") };
}

export function setOf(value: Value): WitnessSet {
  return { version: value.epoch, members: value.owner.split(" ") };
}
