/** Does what an action says. */
import type { Action } from "./action.ts";
import { settle } from "./connections/settle.ts";
import { NEXT_HOP, NEXT_HOP_MAC, OVERLAY_ALIAS, OVERLAY_DEVICE, ROUTE_PROTOCOL, ROUTE_TABLE } from "./constants.ts";
import type { ConnectionFilter } from "./kernel/conntrack.ts";
import type { Kernel } from "./kernel/kernel.ts";

/** What goes on after the pass that caused it: announcements take a second. */
export type InBackground = (what: string, work: Promise<void>) => void;

/** Resolves with what was changed, in words. Throws when the kernel refuses. */
export async function execute(action: Action, kernel: Kernel, inBackground: InBackground): Promise<readonly string[]> {
  if (action.do === "forget-connections") return forget(action.filter, kernel);
  if (action.do === "settle-connections") return settle(action.settlement, kernel, inBackground);
  await write(action, kernel, inBackground);
  return action.says;
}

async function forget(filter: ConnectionFilter, { conntrack }: Kernel): Promise<readonly string[]> {
  const count = await conntrack.forget(filter);
  return count === 0 ? [] : [`forgot ${count} connections ${filterWords(filter)}`];
}

function filterWords(filter: ConnectionFilter): string {
  const source = "source" in filter ? [`of ${filter.source}`] : [];
  return [...source, `under egress id ${filter.egressId}`].join(" ");
}

type WriteAction = Exclude<Action, { readonly do: "forget-connections" | "settle-connections" }>;

function write(action: WriteAction, kernel: Kernel, inBackground: InBackground): Promise<void> {
  const { ip, nft, sysctl, announcer } = kernel;
  switch (action.do) {
    case "install-table":
      return nft.install(action.declaration, action.elements);
    case "remove-table":
      return nft.remove(action.table);
    case "apply":
      return nft.apply(action.transaction);
    case "create-overlay":
      return ip.addVxlan(action.device);
    case "delete-link":
      return ip.deleteLink(action.device);
    case "settle-overlay":
      return ip.settleLink(OVERLAY_DEVICE, { alias: OVERLAY_ALIAS, mtu: action.mtu });
    case "write-sysctl":
      return sysctl.write(action.path, action.value);
    case "add-address":
      return ip.addAddress(action.device, action.ip, action.mark);
    case "delete-address":
      return ip.deleteAddress(action.device, action.ip);
    case "announce-address":
      inBackground(`announce ${action.ip}`, announcer.announce(action));
      return Promise.resolve();
    case "put-route":
      return ip.replaceDefaultRoute({
        family: action.family,
        table: ROUTE_TABLE,
        via: NEXT_HOP[action.family],
        device: OVERLAY_DEVICE,
        protocol: ROUTE_PROTOCOL,
      });
    case "put-neighbour":
      return ip.replaceNeighbour(OVERLAY_DEVICE, NEXT_HOP[action.family], NEXT_HOP_MAC);
    case "delete-routes":
      return ip.deleteRoutes(action.family, ROUTE_TABLE, ROUTE_PROTOCOL);
    case "add-rule":
      return ip.addRule(action.rule);
    case "delete-rule":
      return ip.deleteRule(action.rule);
    case "put-forwarding":
      return ip.replaceForwarding(OVERLAY_DEVICE, action.entry);
    case "delete-forwarding":
      return ip.deleteForwarding(OVERLAY_DEVICE, action.entry);
    default:
      return action satisfies never;
  }
}
