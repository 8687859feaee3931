/**
 * What becomes of open connections. An established connection follows the egress id it began with for as long as the
 * pod's class still names that id, wherever new connections go; so only ids are compared here, not destinations.
 */
import type { Plan } from "../model.ts";
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
  const earlier = nodesById(before);
  const now = nodesById(after);
  const fateOf = (id: EgressId, is: PodClass | undefined): Fate => {
    const from = earlier.get(id) ?? null;
    if (from === null) return "kept";
    if (is === undefined || !is.rules.some((rule) => rule.id === id)) return "reset";
    const to = now.get(id) ?? null;
    if (to === from) return "kept";
    return to === null ? "held" : "rerouted";
  };
  return (was, is) => {
    let worst: Fate = "kept";
    for (const { id } of was?.rules ?? []) {
      const fate = fateOf(id, is);
      if (ORDER[fate] > ORDER[worst]) worst = fate;
    }
    return worst;
  };
}

const ORDER = { kept: 0, rerouted: 1, held: 2, reset: 3 } as const satisfies Record<Fate, number>;

function nodesById({ allocations }: Plan): Map<EgressId, string | null> {
  return new Map(allocations.map(({ id, node }) => [id, node]));
}
