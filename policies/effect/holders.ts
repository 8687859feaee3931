import type { Plan } from "../model.ts";
import type { EgressId } from "../nodestate.ts";

/** The node that holds each egress id's address; null: nobody does. */
export function holdersById({ allocations, next }: Plan): Map<EgressId, string | null> {
  const lost = new Set(next.lost);
  return new Map(allocations.map(({ id, ip, node }) => [id, lost.has(ip) ? null : node]));
}
