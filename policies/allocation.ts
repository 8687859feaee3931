/**
 * Which node holds which floating IP. An address stays where it is while its node is fit and not leaving; only the others
 * move, each to the fit node that holds fewest. From a balanced start the loads therefore never differ by more than
 * one, and a node that comes back takes nothing away from those that stood in for it, unless a rebalance is asked for.
 */
import type { Address } from "./addresses.ts";
import type { IpAddress } from "./intent.ts";
import { type FitFor, fitSites, leaving, type Site, type Sites, unfit } from "./sites.ts";

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
  const loads = new Loads();
  const fitFor = fitSites(sites);
  for (const floatingIP of ips) {
    const holder = sites.byName.get(previousNode.get(floatingIP.ip) ?? "");
    if (holder !== undefined && stays(holder, floatingIP, fitFor)) loads.give(floatingIP.ip, holder);
  }
  for (const { ip, address } of ips) {
    if (!loads.holderOf.has(ip)) loads.give(ip, loads.leastLoaded(fitFor(address)));
  }
  return loads.named();
}

/** Moves as few addresses as it takes to spread them evenly over the nodes that are fit for them. */
export function rebalance(
  ips: readonly FloatingIP[],
  sites: Sites,
  nodes: ReadonlyMap<IpAddress, string | null>,
): Map<IpAddress, string | null> {
  const loads = new Loads();
  for (const { ip } of ips) loads.give(ip, sites.byName.get(nodes.get(ip) ?? ""));
  const fitFor = fitSites(sites);
  // Every move makes the sum of the squared loads smaller, so this ends.
  for (let move = bestMove(ips, loads, fitFor); move !== undefined; move = bestMove(ips, loads, fitFor)) {
    loads.give(move.ip, move.to);
  }
  return loads.named();
}

/** From the fullest node that has an emptier one beside it: any other order moves some addresses for nothing. */
function bestMove(
  ips: readonly FloatingIP[],
  loads: Loads,
  fitFor: FitFor,
): { readonly ip: IpAddress; readonly to: Site } | undefined {
  const leastLoaded = new Map<readonly Site[], Site | undefined>();
  let best: { ip: IpAddress; to: Site } | undefined;
  let fullest = 0;
  for (const { ip, address } of ips) {
    const candidates = fitFor(address);
    if (!leastLoaded.has(candidates)) leastLoaded.set(candidates, loads.leastLoaded(candidates));
    const [holder, to] = [loads.holderOf.get(ip), leastLoaded.get(candidates)];
    if (holder === undefined || to === undefined) continue;
    const load = loads.of(holder);
    if (load <= fullest || load < loads.of(to) + 2) continue;
    best = { ip, to };
    fullest = load;
  }
  return best;
}

class Loads {
  readonly holderOf = new Map<IpAddress, Site | undefined>();
  readonly #load = new Map<Site, number>();

  of(site: Site): number {
    return this.#load.get(site) ?? 0;
  }

  give(ip: IpAddress, site: Site | undefined): void {
    const from = this.holderOf.get(ip);
    if (from !== undefined) this.#load.set(from, this.of(from) - 1);
    this.holderOf.set(ip, site);
    if (site !== undefined) this.#load.set(site, this.of(site) + 1);
  }

  /** The first of equal ones, so the one whose name sorts first. */
  leastLoaded(candidates: readonly Site[]): Site | undefined {
    let best: Site | undefined;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (const site of candidates) {
      const load = this.of(site);
      if (load >= bestLoad) continue;
      best = site;
      bestLoad = load;
      if (load === 0) break;
    }
    return best;
  }

  named(): Map<IpAddress, string | null> {
    return new Map([...this.holderOf].map(([ip, site]) => [ip, site?.name ?? null]));
  }
}

function stays(holder: Site, { address }: FloatingIP, fitFor: FitFor): boolean {
  if (unfit(holder, address) !== undefined) return false;
  return leaving(holder) === undefined || fitFor(address).every((site) => leaving(site) !== undefined);
}
