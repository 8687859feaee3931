/** What the kernel of this node holds now, of all that could be ours. Reads only. */
import { GATEWAY_TABLE, GUARD_TABLE, MAIN_TABLE, OVERLAY_DEVICE, ROUTE_PROTOCOL, ROUTE_TABLE } from "./constants.ts";
import type { Forwarding, Link, Neighbour, Route, Rule } from "./kernel/ip.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { TableState } from "./kernel/nft/listing.ts";

export interface ObservedKernel {
  /** All of them: ours, and those of others by which we orient ourselves. */
  readonly links: readonly Link[];
  /** Rules with our protocol number. */
  readonly rules: readonly Rule[];
  /** Our routing table, routes of others included. */
  readonly routes: readonly Route[];
  /** Of the overlay device. */
  readonly neighbours: readonly Neighbour[];
  readonly forwarding: readonly Forwarding[];
  /** `null`: there is no overlay device. */
  readonly overlayRpFilter: number | null;
  readonly main: TableState | null;
  readonly guard: TableState | null;
  readonly gateway: TableState | null;
}

export const OVERLAY_RP_FILTER = `ipv4/conf/${OVERLAY_DEVICE}/rp_filter`;

export async function observe({ ip, nft, sysctl }: Pick<Kernel, "ip" | "nft" | "sysctl">): Promise<ObservedKernel> {
  const [links, rules, routes, neighbours, forwarding, overlayRpFilter, main, guard, gateway] = await Promise.all([
    ip.links(),
    ip.rules(),
    ip.routes(ROUTE_TABLE),
    ip.neighbours(OVERLAY_DEVICE),
    ip.forwarding(OVERLAY_DEVICE),
    sysctl.read(OVERLAY_RP_FILTER),
    nft.list(MAIN_TABLE),
    nft.list(GUARD_TABLE),
    nft.list(GATEWAY_TABLE),
  ]);
  const ownRules = rules.filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  return { links, rules: ownRules, routes, neighbours, forwarding, overlayRpFilter, main, guard, gateway };
}

export function overlayLink(observed: ObservedKernel): Link | undefined {
  return observed.links.find(({ name }) => name === OVERLAY_DEVICE);
}
