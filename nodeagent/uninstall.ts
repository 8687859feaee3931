/** The way back: removes what carries our name or tag, and nothing else. Connections under way are not reset. */
import {
  GATEWAY_TABLE,
  GUARD_TABLE,
  LEASE_CURTAIN_TABLE,
  LEASE_TABLE,
  MAIN_TABLE,
  OVERLAY_ALIAS,
  OVERLAY_DEVICE,
  ROUTE_PROTOCOL,
  ROUTE_TABLE,
  SHIELD_TABLE,
} from "./constants.ts";
import { floatingAddresses } from "./floating.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { observe, overlayLink, ownRoutes } from "./observe.ts";

/** @throws Error while an agent runs, which would put everything back: the shield stands only as long as its agent */
export async function demandNoAgent({ nft }: Pick<Kernel, "nft">): Promise<void> {
  if ((await nft.list(SHIELD_TABLE)) !== null) throw new Error("an agent runs on this node: stop it first");
}

/** Resolves with what was removed, in words; empty when nothing was there. May be repeated after a failure. */
export async function uninstall(kernel: Pick<Kernel, "ip" | "nft" | "sysctl">): Promise<readonly string[]> {
  const { ip, nft } = kernel;
  const observed = await observe(kernel);
  const removed: string[] = [];
  const remove = async (what: string, work: () => Promise<void>): Promise<void> => {
    await work();
    removed.push(`removed ${what}`);
  };
  // What marks packets goes first: nothing is redirected into the void afterwards.
  for (const [table, found] of [
    [MAIN_TABLE, observed.main],
    [GUARD_TABLE, observed.guard],
    [GATEWAY_TABLE, observed.gateway],
  ] as const) {
    if (found) await remove(`table ${table.family} ${table.name}`, () => nft.remove(table));
  }
  for (const rule of observed.rules) {
    await remove(`IPv${rule.family} rule ${rule.preference}`, () => ip.deleteRule(rule));
  }
  for (const family of new Set(ownRoutes(observed).map((route) => route.family))) {
    await remove(`IPv${family} routes of table ${ROUTE_TABLE}`, () =>
      ip.deleteRoutes(family, ROUTE_TABLE, ROUTE_PROTOCOL),
    );
  }
  if (overlayLink(observed)?.alias === OVERLAY_ALIAS) {
    await remove(`device ${OVERLAY_DEVICE}`, () => ip.deleteLink(OVERLAY_DEVICE));
  }
  for (const { device, ip: address } of floatingAddresses(observed.links)) {
    await remove(`floating address ${address}`, () => ip.deleteAddress(device, address));
  }
  // The gate of the lease guards the addresses as long as they are there.
  for (const table of [LEASE_TABLE, LEASE_CURTAIN_TABLE]) {
    if (await nft.list(table)) await remove(`table ${table.family} ${table.name}`, () => nft.remove(table));
  }
  return removed;
}
