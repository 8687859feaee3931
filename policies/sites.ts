/** A node as the planner sees it: where it stands in the declared subnets, and whether it may hold an address. */
import {
  type Address,
  contains,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parseCidr,
} from "./addresses.ts";
import type { ClusterSettings, IpAddress } from "./intent.ts";
import { matches } from "./selectors.ts";
import { byName } from "./text.ts";
import type { NodeView } from "./view.ts";

export interface Site {
  readonly name: string;
  readonly node: NodeView;
  /** All IPv4 InternalIPs, declared subnet or not. */
  readonly addresses: readonly Address[];
  /** Declared subnets in which this node has an InternalIP. */
  readonly subnets: readonly Prefix[];
  /** The first InternalIP in a declared subnet; null: no overlay can be built on this node. */
  readonly underlayIP: IpAddress | null;
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

export function surveySites(nodes: readonly NodeView[], cluster: ClusterSettings): Sites {
  const subnets = parseIPv4Cidrs(cluster.nodeSubnets);
  const sites = nodes.map((node) => describeSite(node, subnets, cluster)).sort(byName);
  const named = new Map(sites.map((site) => [site.name, site]));
  const addressed = sites.flatMap((site) => site.addresses.map((ip) => [formatAddress(ip), site] as const));
  return { subnets, all: [...named.values()], byName: named, byAddress: new Map(addressed) };
}

/** Reads canonical prefixes; others than IPv4 are left out. */
export function parseIPv4Cidrs(cidrs: readonly string[]): Prefix[] {
  return cidrs.map(parseCidr).filter((prefix): prefix is Prefix => prefix?.network.family === 4);
}

/**
 * Why this node cannot keep the address, as the end of "…: worker1 is not Ready"; undefined when it can. A cordoned
 * node keeps what it holds: cordoning is a request to add nothing.
 */
export function unfitToKeep(site: Site, ip: Address): string | undefined {
  if (!site.node.ready) return `${site.name} is not Ready`;
  if (!site.mayBeGateway) return `${site.name} does not match gatewayNodeSelector`;
  return standsIn(site, ip) ? undefined : `${site.name} has no address in the subnet of ${formatAddress(ip)}`;
}

export function unfitToTake(site: Site, ip: Address): string | undefined {
  return unfitToKeep(site, ip) ?? (site.node.unschedulable ? `${site.name} is cordoned` : undefined);
}

/** The node has an address in a declared subnet that contains this one: the switch between them carries both. */
export function standsIn(site: Site, ip: Address): boolean {
  return site.subnets.some((subnet) => contains(subnet, ip));
}

export function listSubnets(sites: Sites): string {
  return sites.subnets.map(formatPrefix).join(", ");
}

function describeSite(node: NodeView, subnets: readonly Prefix[], cluster: ClusterSettings): Site {
  const addresses = node.internalIPs.map(parseAddress).filter((ip): ip is Address => ip?.family === 4);
  const underlay = addresses.find((ip) => subnets.some((subnet) => contains(subnet, ip)));
  return {
    name: node.name,
    node,
    addresses,
    subnets: subnets.filter((subnet) => addresses.some((ip) => contains(subnet, ip))),
    underlayIP: underlay === undefined ? null : formatAddress(underlay),
    mayBeGateway: matches(cluster.gatewayNodeSelector, node.labels),
  };
}
