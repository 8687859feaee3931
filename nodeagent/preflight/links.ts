/** Devices and routes as the checks need them. */
import type { PreflightSettings } from "./check.ts";
import { type NodeView, readJson } from "./node-view.ts";

export interface ListedLink {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly port?: number } };
  readonly xdp?: { readonly prog?: { readonly id: number } };
}

interface ListedRoute {
  readonly dst: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly metric?: number;
}

export function listLinks(node: NodeView): Promise<readonly ListedLink[] | null> {
  return readJson<readonly ListedLink[]>(node, "ip", "-j", "-d", "link", "show");
}

export async function listRoutes(node: NodeView, family: "-4" | "-6", table: string): Promise<readonly ListedRoute[]> {
  return (await readJson<readonly ListedRoute[]>(node, "ip", "-j", family, "route", "show", "table", table)) ?? [];
}

/** `null`: it was not named, and there is no default route. */
export async function uplinkName(node: NodeView, { interfaceName }: PreflightSettings): Promise<string | null> {
  return interfaceName ?? defaultDevice(node);
}

export async function defaultDevice(node: NodeView): Promise<string | null> {
  const routes = await listRoutes(node, "-4", "main");
  const defaults = routes.filter(({ dst, dev }) => dst === "default" && dev !== undefined);
  const [first] = defaults.toSorted((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
  return first?.dev ?? null;
}

/** Devices with which CNI plugins join the nodes: pods' packets come from other nodes through them. */
export const TUNNEL_KINDS: ReadonlySet<string> = new Set(
  "geneve gre gretap ip6gre ip6gretap ip6tnl ipip sit vxlan wireguard".split(" "),
);
