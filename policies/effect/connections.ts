/**
 * What becomes of open connections. An established connection follows the egress id it began with for as long as the
 * pod's class still names that id, wherever new connections go; so only ids are compared here, not destinations.
 */
import type { Plan } from "../model.ts";
import type { EgressId } from "../nodestate.ts";
import { holdersById } from "./holders.ts";
import type { KnownClass } from "./sources.ts";

/**
 * The worst that happens to a pod's connections through floating IPs. `reset`: the policies that select it use the
 * address no more. `held`: nobody can give them the address any more, and nothing passes. `modeChanged`: they are
 * translated elsewhere from now on, where nobody knows them. `rerouted`: another node holds the address, which knows
 * nothing of connections begun before; a stateless one needs not.
 */
export type Fate = "kept" | "rerouted" | "modeChanged" | "held" | "reset";

export interface Connections {
  readonly reset: number;
  readonly held: number;
  readonly modeChanged: number;
  readonly rerouted: number;
}

export function fateComparer(before: Plan, after: Plan): (was: KnownClass, is: KnownClass) => Fate {
  const earlier = holdersById(before);
  const now = holdersById(after);
  const modeChanges = before.next.gatewayMode !== after.next.gatewayMode;
  const fateOf = (id: EgressId, is: KnownClass): Fate => {
    const from = earlier.get(id) ?? null;
    if (from === null) return "kept";
    if (is.podClass === undefined || !is.podClass.rules.some((rule) => rule.id === id)) return "reset";
    const to = now.get(id) ?? null;
    if (to === null || !is.translates) return "held";
    if (modeChanges) return "modeChanged";
    return to === from || after.next.gatewayMode === "stateless" ? "kept" : "rerouted";
  };
  return (was, is) => {
    let worst: Fate = "kept";
    for (const { id } of (was.translates ? was.podClass?.rules : undefined) ?? []) {
      const fate = fateOf(id, is);
      if (ORDER[fate] > ORDER[worst]) worst = fate;
    }
    return worst;
  };
}

const ORDER = { kept: 0, rerouted: 1, modeChanged: 2, held: 3, reset: 4 } as const satisfies Record<Fate, number>;
