/** Who takes over an address whose holder is lost, in which order: worked out before, since nobody may be there to ask then. */
import { parseAddress } from "./addresses.ts";
import type { IpAddress } from "./intent.ts";
import type { Allocation } from "./model.ts";
import { fitSites, type Site, type Sites } from "./sites.ts";

/** Beside the planned holder. Each further one waits a while longer, and more than two losses at once are rare. */
const STANDBYS_MAX = 3;

/** The standbys of a node's addresses are different nodes, so that what a lost node held is spread over the others. */
export function candidatesOf(
  allocations: readonly Allocation[],
  sites: Sites,
): ReadonlyMap<IpAddress, readonly string[]> {
  const fitFor = fitSites(sites);
  const candidates = new Map<IpAddress, readonly string[]>();
  for (const { ip, id, node } of allocations) {
    const address = parseAddress(ip);
    if (node === null || address === undefined) continue;
    const others = fitFor(address).filter(({ name }) => name !== node);
    const standbys = Array.from(
      { length: Math.min(STANDBYS_MAX, others.length) },
      (_, i) => (others[(id + i) % others.length] as Site).name,
    );
    candidates.set(ip, [node, ...standbys]);
  }
  return candidates;
}
