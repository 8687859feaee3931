/** What the shield is to drop when the main table has not judged it. */
import type { EgressId, NodeState } from "../../policies/nodestate.ts";

export interface Shielded {
  readonly podCIDRs: readonly string[];
  readonly noEgressCIDRs: readonly string[];
  readonly destinations: readonly string[];
  /** In use by classes. */
  readonly ids: readonly EgressId[];
}

export function shieldedBy({ podCIDRs, noEgressCIDRs, destinations, classes }: NodeState): Shielded {
  const ids = new Set(classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  return { podCIDRs, noEgressCIDRs, destinations, ids: [...ids].sort((a, b) => a - b) };
}

/**
 * What both want dropped, or less: a prefix counts only where both have the same one. While the main table goes from one
 * to the other, whatever more the shield had would drop packets that are no longer to be judged.
 */
export function meet(a: Shielded, b: Shielded): Shielded {
  return {
    podCIDRs: common(a.podCIDRs, b.podCIDRs),
    noEgressCIDRs: [...new Set([...a.noEgressCIDRs, ...b.noEgressCIDRs])],
    destinations: common(a.destinations, b.destinations),
    ids: common(a.ids, b.ids),
  };
}

function common<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  const others = new Set(b);
  return a.filter((item) => others.has(item));
}
