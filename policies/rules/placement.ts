/** Why nobody holds a usable floating IP. Its policies stay in effect; `FailureMode` says what becomes of their traffic. */
import type { FloatingIP } from "../allocation.ts";
import type { IpAddress } from "../intent.ts";
import { type Sites, standsIn, unfit } from "../sites.ts";
import { listNames } from "../text.ts";
import type { Refusal } from "./floatingips.ts";

/** An address that a node has as its own is never allocated. */
export function conflictWithNode(ip: IpAddress, sites: Sites): Refusal | undefined {
  const owner = sites.byAddress.get(ip);
  if (owner === undefined) return undefined;
  return {
    reason: "FloatingIPIsNodeAddress",
    message: `${ip} is the address of node ${owner.name} and is never allocated`,
  };
}

/** The nodes have been given time to see to it among themselves. */
export function heldByNobody(ip: IpAddress, node: string): Refusal {
  return { reason: "GatewayLost", message: `no node holds ${ip}, which ${node} was to take` };
}

export function whyNowhere({ ip, address }: FloatingIP, sites: Sites): Refusal {
  const conflict = conflictWithNode(ip, sites);
  if (conflict !== undefined) return conflict;
  const near = sites.all.filter((site) => standsIn(site, address));
  if (near.length === 0) {
    return { reason: "NoNodeInSubnet", message: `no node has an address in the subnet of ${ip}` };
  }
  const reasons = near.flatMap((site) => unfit(site, address) ?? []);
  return { reason: "NoFitNode", message: `no node is fit to hold ${ip}: ${listNames(reasons)}` };
}
