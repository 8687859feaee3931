/**
 * What becomes of open connections. An established connection follows the egress id it began with for as long as the
 * pod's class still names that id, wherever new connections go; so only ids are compared here, not destinations.
 */
import type { Allocation, Plan } from "../model.ts";
import type { EgressId, PodClass } from "../nodestate.ts";

/**
 * The worst that happens to a pod's connections through floating IPs. `reset`: the policies that select it use the
 * address no more. `held`: no node holds the address any more, and nothing passes. `rerouted`: another node holds it,
 * which knows nothing of connections begun before.
 */
export type Fate = "kept" | "rerouted" | "held" | "reset";

export interface Connections {
  readonly reset: number;
  readonly held: number;
  readonly rerouted: number;
}

export function fateComparer(before: Plan, after: Plan): (was: PodClass | undefined, is: PodClass | undefined) => Fate {
  const earlier = byId(before.allocations);
  const now = byId(after.allocations);
  return (was, is) => {
    const kept = new Set(is?.rules.map(({ id }) => id));
    const fates = new Set([...new Set(was?.rules.map(({ id }) => id))].map((id) => fateOf(id)));
    return (["reset", "held", "rerouted"] as const).find((fate) => fates.has(fate)) ?? "kept";

    function fateOf(id: EgressId): Fate {
      const from = earlier.get(id)?.node ?? null;
      const to = now.get(id)?.node ?? null;
      if (from === null || from === to) return from === null || kept.has(id) ? "kept" : "reset";
      if (!kept.has(id)) return "reset";
      return to === null ? "held" : "rerouted";
    }
  };
}

function byId(allocations: readonly Allocation[]): Map<EgressId, Allocation> {
  return new Map(allocations.map((allocation) => [allocation.id, allocation]));
}
