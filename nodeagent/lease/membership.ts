/** The newest witness set this process knows: shared by its witness, its holder and its coordinator. */
import { NO_SET, nodeOf, type WitnessId, type WitnessSet } from "./witness-set.ts";

export interface Membership {
  current(): WitnessSet;
  /** Nodes of its members. */
  nodes(): readonly string[];
  has(witness: WitnessId): boolean;
  /** @returns whether it is newer than what was known; then all that is under way under the older one is void */
  adopt(set: WitnessSet): boolean;
}

export function createMembership(stored: WitnessSet): Membership {
  let current = NO_SET;
  let nodes: readonly string[] = [];
  const adopt = (set: WitnessSet): boolean => {
    if (set.version <= current.version) return false;
    current = set;
    nodes = set.members.map(nodeOf);
    return true;
  };
  adopt(stored);
  return { current: () => current, nodes: () => nodes, has: (witness) => current.members.includes(witness), adopt };
}
