/**
 * Which node holds which floating IP. An address stays where it is while its node is fit; only the others move, each to
 * the fit node that holds fewest. From a balanced start the loads therefore never differ by more than one, and a
 * node that comes back takes nothing away from those that stood in for it.
 */
import { type Address, contains, type Prefix } from "./addresses.ts";
import type { IpAddress } from "./intent.ts";
import { type Site, type Sites, unfitToKeep, unfitToTake } from "./sites.ts";

export interface FloatingIP {
  readonly ip: IpAddress;
  readonly address: Address;
}

/** `ips` sorted by address. The node is null where none is fit; deterministic for any order of nodes. */
export function allocate(
  ips: readonly FloatingIP[],
  sites: Sites,
  previousNode: ReadonlyMap<IpAddress, string | null>,
): Map<IpAddress, string | null> {
  const nodes = new Map<IpAddress, string | null>();
  const load = new Map<Site, number>();
  const give = (ip: IpAddress, site: Site) => {
    nodes.set(ip, site.name);
    load.set(site, (load.get(site) ?? 0) + 1);
  };

  for (const { ip, address } of ips) {
    const holder = sites.byName.get(previousNode.get(ip) ?? "");
    if (holder !== undefined && unfitToKeep(holder, address) === undefined) give(ip, holder);
  }
  const candidates = candidateCache(sites);
  for (const { ip, address } of ips) {
    if (nodes.has(ip)) continue;
    const site = leastLoaded(candidates(address), load);
    if (site === undefined) nodes.set(ip, null);
    else give(ip, site);
  }
  return nodes;
}

/** The first of equal ones, so the one whose name sorts first. */
function leastLoaded(candidates: readonly Site[], load: ReadonlyMap<Site, number>): Site | undefined {
  let best: Site | undefined;
  let bestLoad = Number.POSITIVE_INFINITY;
  for (const site of candidates) {
    const siteLoad = load.get(site) ?? 0;
    if (siteLoad >= bestLoad) continue;
    best = site;
    bestLoad = siteLoad;
    if (siteLoad === 0) break;
  }
  return best;
}

/** Addresses in the same declared subnets have the same candidates. */
function candidateCache(sites: Sites): (ip: Address) => readonly Site[] {
  const bySubnets = new Map<string, readonly Site[]>();
  const inSubnets = (ip: Address) =>
    sites.subnets.flatMap((subnet: Prefix, i) => (contains(subnet, ip) ? [i] : [])).join();
  return (ip) => {
    const key = inSubnets(ip);
    const known = bySubnets.get(key);
    if (known !== undefined) return known;
    const fit = sites.all.filter((site) => unfitToTake(site, ip) === undefined);
    bySubnets.set(key, fit);
    return fit;
  };
}
