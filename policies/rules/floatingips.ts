/**
 * Which floating IPs may be allocated: those of kube-system/default that lie in a declared subnet of the nodes and belong
 * to nobody else. What a group lists elsewhere becomes usable by being listed there too.
 */
import { type Address, compareAddresses, contains, parseAddress, parseCidr } from "../addresses.ts";
import type { FloatingIP } from "../allocation.ts";
import { assignIds, type EgressIds, LAST_EGRESS_ID } from "../egressids.ts";
import type { Group, Intent, IpAddress } from "../intent.ts";
import type { Previous } from "../model.ts";
import { listSubnets, type Sites } from "../sites.ts";
import { obstacleFinder } from "./obstacles.ts";

/** A rule that is not kept: the reason of the condition and its message. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export interface UsableIPs {
  /** Sorted by address. */
  readonly usable: readonly FloatingIP[];
  readonly ids: EgressIds;
  /** Why an address, of whichever group, cannot be used; undefined when it can. */
  refusal(ip: IpAddress): Refusal | undefined;
}

export function isDefaultGroup(group: Pick<Group, "namespace" | "name">): boolean {
  return group.namespace === "kube-system" && group.name === "default";
}

export function findUsableIPs(intent: Intent, sites: Sites, previous: Previous): UsableIPs {
  const listed = listedByDefault(intent);
  const objection = objections(intent, sites);
  const sound = [...listed.values()]
    .filter(({ ip, address }) => objection(ip, address) === undefined)
    .sort((a, b) => compareAddresses(a.address, b.address));
  const ids = assignIds(
    sound.map(({ ip }) => ip),
    previous,
  );
  const usable = sound.filter(({ ip }) => ids.byIP.has(ip));
  const refusal = (ip: IpAddress): Refusal | undefined => {
    if (ids.byIP.has(ip)) return undefined;
    const entry = listed.get(ip);
    return entry === undefined ? notInDefault(ip) : (objection(ip, entry.address) ?? tooMany(ip));
  };
  return { usable, ids, refusal };
}

const OBSTACLE_REASONS = { unusable: "FloatingIPUnusable", overlap: "FloatingIPOverlaps" } as const;

/** What speaks against an address whatever the nodes do. */
function objections({ cluster }: Intent, sites: Sites): (ip: IpAddress, address: Address) => Refusal | undefined {
  const obstacle = obstacleFinder(cluster);
  const outside = refusalOutsideSubnets(sites);
  const podFamilies = new Set(cluster.podCIDRs.map((cidr) => parseCidr(cidr)?.network.family));
  return (ip, address) => {
    const found = obstacle(ip, address);
    if (found !== undefined) return { reason: OBSTACLE_REASONS[found.kind], message: found.message };
    if (!sites.subnets.some((subnet) => contains(subnet, address))) return outside(ip);
    return podFamilies.has(address.family) ? undefined : podCIDRsMissing(ip, address);
  };
}

/** Agents know a pod that is not known yet, and what may come through the tunnel, by these prefixes. */
function podCIDRsMissing(ip: IpAddress, { family }: Address): Refusal {
  const message = `${ip} cannot be allocated: EgressCluster declares no IPv${family} podCIDRs`;
  return { reason: "PodCIDRsMissing", message };
}

function listedByDefault(intent: Intent): Map<IpAddress, FloatingIP> {
  const listed = new Map<IpAddress, FloatingIP>();
  for (const { value } of intent.groups.find(isDefaultGroup)?.floatingIPs ?? []) {
    const address = parseAddress(value);
    if (address !== undefined) listed.set(value, { ip: value, address });
  }
  return listed;
}

function notInDefault(ip: IpAddress): Refusal {
  const message = `${ip} is not among the floating IPs of kube-system/default, so no node is given it`;
  return { reason: "FloatingIPNotInDefault", message };
}

function tooMany(ip: IpAddress): Refusal {
  const message = `${ip} has no egress id: at most ${LAST_EGRESS_ID} floating IPs can be in use`;
  return { reason: "TooManyFloatingIPs", message };
}

function refusalOutsideSubnets(sites: Sites): (ip: IpAddress) => Refusal {
  if (sites.subnets.length === 0) {
    return (ip) => ({
      reason: "NodeSubnetsMissing",
      message: `${ip} cannot be allocated: EgressCluster declares no nodeSubnets`,
    });
  }
  const subnets = listSubnets(sites);
  return (ip) => ({
    reason: "FloatingIPOutsideNodeSubnets",
    message: `${ip} is in no subnet of the nodes (${subnets})`,
  });
}
