/** What the kernel of this node holds now, of all that could be ours. Reads only. */
import { FAMILIES, type Family } from "./addresses.ts";
import { GATEWAY_TABLE, GUARD_TABLE, MAIN_TABLE, OVERLAY_DEVICE, ROUTE_PROTOCOL, ROUTE_TABLE } from "./constants.ts";
import type { Forwarding, Link, Neighbour, Route, Rule } from "./kernel/ip.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { TableState } from "./kernel/nft/listing.ts";
import type { Sysctl } from "./kernel/sysctl.ts";
import { FORWARDING_SYSCTL, overlaySettings } from "./settings.ts";

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
  /** Of the overlay device, by path; empty when it is not there. */
  readonly overlaySettings: ReadonlyMap<string, number>;
  /** Families whose packets this node forwards. */
  readonly forwards: readonly Family[];
  readonly main: TableState | null;
  readonly guard: TableState | null;
  readonly gateway: TableState | null;
}

export async function observe({ ip, nft, sysctl }: Pick<Kernel, "ip" | "nft" | "sysctl">): Promise<ObservedKernel> {
  const [view, overlaySettings, forwards, main, guard, gateway] = await Promise.all([
    ip.look(OVERLAY_DEVICE, ROUTE_TABLE),
    readSettings(sysctl),
    forwardedFamilies(sysctl),
    nft.list(MAIN_TABLE),
    nft.list(GUARD_TABLE),
    nft.list(GATEWAY_TABLE),
  ]);
  const ownRules = view.rules.filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  return { ...view, rules: ownRules, overlaySettings, forwards, main, guard, gateway };
}

export function overlayLink(observed: ObservedKernel): Link | undefined {
  return observed.links.find(({ name }) => name === OVERLAY_DEVICE);
}

export function ownRoutes({ routes }: ObservedKernel): readonly Route[] {
  return routes.filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
}

async function forwardedFamilies(sysctl: Pick<Sysctl, "read">): Promise<readonly Family[]> {
  const values = await Promise.all(FAMILIES.map((family) => sysctl.read(FORWARDING_SYSCTL[family])));
  return FAMILIES.filter((_family, index) => values[index] === 1);
}

async function readSettings(sysctl: Pick<Sysctl, "read">): Promise<ReadonlyMap<string, number>> {
  // Of each mode there are the same.
  const paths = overlaySettings("stateful").map(({ path }) => path);
  const values = await Promise.all(paths.map(async (path) => [path, await sysctl.read(path)] as const));
  return new Map(values.filter((entry): entry is readonly [string, number] => entry[1] !== null));
}
