/** A node as the planner sees it: where it stands in the declared subnets, and whether it may hold an address. */
import {
  type Address,
  contains,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parseCidrs,
} from "./addresses.ts";
import type { ClusterSettings, IpAddress } from "./intent.ts";
import { matches } from "./selectors.ts";
import { byName } from "./text.ts";
import type { NodeView } from "./view.ts";

/** Where a node sends and receives the overlay's outer packets. */
interface Underlay {
  /** The first InternalIP in a declared subnet of the overlay's family. */
  readonly ip: IpAddress;
  /** Of the overlay device. */
  readonly mac: string;
}

export interface Site {
  readonly name: string;
  readonly node: NodeView;
  /** All InternalIPs, in a declared subnet or not. */
  readonly addresses: readonly Address[];
  /** Declared subnets in which this node has an InternalIP. */
  readonly subnets: readonly Prefix[];
  /** Null: this node has no part in the overlay. */
  readonly underlay: Underlay | null;
  /** Matches `gatewayNodeSelector`. */
  readonly mayBeGateway: boolean;
}

export interface Sites {
  readonly subnets: readonly Prefix[];
  /** Sorted by name; a name occurs once. */
  readonly all: readonly Site[];
  readonly byName: ReadonlyMap<string, Site>;
  readonly byAddress: ReadonlyMap<IpAddress, Site>;
}

/** All outer packets of the overlay are of one family: that of the first node subnet declared. */
export function surveySites(nodes: readonly NodeView[], cluster: ClusterSettings): Sites {
  const subnets = parseCidrs(cluster.nodeSubnets);
  const sites = separateMacs(nodes.map((node) => describeSite(node, subnets, cluster)).sort(byName));
  const named = new Map(sites.map((site) => [site.name, site]));
  const addressed = sites.flatMap((site) => site.addresses.map((ip) => [formatAddress(ip), site] as const));
  return { subnets, all: [...named.values()], byName: named, byAddress: new Map(addressed) };
}

/** Why this node cannot hold the address, as the end of "…: worker1 is not Ready"; undefined when it can. */
export function unfit(site: Site, ip: Address): string | undefined {
  if (!site.node.ready) return `${site.name} is not Ready`;
  if (!site.mayBeGateway) return `${site.name} does not match gatewayNodeSelector`;
  if (!standsIn(site, ip)) return `${site.name} has no address in the subnet of ${formatAddress(ip)}`;
  return site.underlay === null ? `${site.name} has no address that the overlay can use` : undefined;
}

/**
 * Why this node should give its addresses to others, in the same words. It is a wish, not a must: a node that is leaving
 * keeps, and even takes, what no other node is fit for, since held traffic would be worse.
 */
export function leaving({ name, node }: Site): string | undefined {
  if (node.draining) return `${name} is drained`;
  return node.unschedulable ? `${name} is cordoned` : undefined;
}

export type FitFor = (ip: Address) => readonly Site[];

/** Fit nodes, without those that are leaving where there are others. Addresses in the same declared subnets share them. */
export function fitSites(sites: Sites): FitFor {
  const bySubnets = new Map<string, readonly Site[]>();
  const inSubnets = (ip: Address) => sites.subnets.flatMap((subnet, i) => (contains(subnet, ip) ? [i] : [])).join();
  return (ip) => {
    const key = inSubnets(ip);
    const known = bySubnets.get(key);
    if (known !== undefined) return known;
    const fit = sites.all.filter((site) => unfit(site, ip) === undefined);
    const staying = fit.filter((site) => leaving(site) === undefined);
    const usable = staying.length > 0 ? staying : fit;
    bySubnets.set(key, usable);
    return usable;
  };
}

/** The node has an address in a declared subnet that contains this one: the switch between them carries both. */
export function standsIn(site: Site, ip: Address): boolean {
  return site.subnets.some((subnet) => contains(subnet, ip));
}

export function listSubnets(sites: Sites): string {
  return sites.subnets.map(formatPrefix).join(", ");
}

function describeSite(node: NodeView, subnets: readonly Prefix[], cluster: ClusterSettings): Site {
  const addresses = node.internalIPs.flatMap((ip) => parseAddress(ip) ?? []);
  const overlayFamily = subnets[0]?.network.family;
  const underlay = addresses.find(
    (ip) => ip.family === overlayFamily && subnets.some((subnet) => contains(subnet, ip)),
  );
  return {
    name: node.name,
    node,
    addresses,
    subnets: subnets.filter((subnet) => addresses.some((ip) => contains(subnet, ip))),
    underlay: underlay === undefined ? null : { ip: formatAddress(underlay), mac: overlayMac(underlay) },
    mayBeGateway: matches(cluster.gatewayNodeSelector, node.labels),
  };
}

/**
 * 02:e9 and the last four bytes of the underlay address, so that no table is needed to know another node's. The second
 * bit of 02 marks it as locally administered (IEEE 802).
 */
function overlayMac(underlay: Address): string {
  const last = Number(underlay.value & 0xffff_ffffn);
  const bytes = [24, 16, 8, 0].map((shift) => ((last >>> shift) & 0xff).toString(16).padStart(2, "0"));
  return ["02", "e9", ...bytes].join(":");
}

/** Two IPv6 addresses may end in the same four bytes; traffic for one node must not reach the other. */
function separateMacs(sorted: readonly Site[]): Site[] {
  const taken = new Map<string, string>();
  return sorted.map((site) => {
    if (site.underlay === null) return site;
    const owner = taken.get(site.underlay.mac) ?? site.name;
    taken.set(site.underlay.mac, owner);
    return owner === site.name ? site : { ...site, underlay: null };
  });
}
