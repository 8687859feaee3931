/** Does somebody else already use the names and numbers by which we know our objects? */
import {
  OUTER_RULE_PREFERENCE,
  OVERLAY_ALIAS,
  OVERLAY_DEVICE,
  ROUTE_PROTOCOL,
  ROUTE_TABLE,
  TUNNEL_RULE_PREFERENCE,
} from "../constants.ts";
import { type ListedChain, listChains, ownTables } from "./chains.ts";
import { blocks, type Check, type Finding, type PreflightSettings, warns } from "./check.ts";
import { type ListedLink, listLinks, listRoutes } from "./links.ts";
import { otherRules } from "./marks.ts";
import type { NodeView } from "./node-view.ts";

export const nameChecks: readonly Check[] = [
  { id: "table-names", title: "nobody else has nftables tables of our names", find: findTables },
  { id: "routing-table", title: `nobody else has routes in table ${ROUTE_TABLE}`, find: findRoutes },
  {
    id: "rule-preferences",
    title: `nobody else has rules with the preferences ${OUTER_RULE_PREFERENCE} and ${TUNNEL_RULE_PREFERENCE}`,
    find: findPreferences,
  },
  { id: "overlay-device", title: `the device name ${OVERLAY_DEVICE} is free, or ours`, find: findDevice },
  { id: "overlay-port", title: "the UDP port of the overlay is free, or ours", find: findPort },
];

async function findTables(node: NodeView): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  if (chains === null) return null;
  const found = await Promise.all(
    ownTables.map(async ({ family, name }) => {
      const inTable = chains.filter((chain) => chain.family === family && chain.table === name);
      if (inTable.some(isVersionChain)) return [];
      // A table without chains is not in the list.
      if (inTable.length === 0 && (await node.run("nft", "list", "table", family, name)).exitCode !== 0) return [];
      return [
        blocks(
          `a table ${family} ${name} exists that sallyport did not create`,
          `rename it; or, if it is left over, delete it: nft delete table ${family} ${name}`,
        ),
      ];
    }),
  );
  return found.flat();
}

/** Every table of ours has one. */
function isVersionChain({ name }: ListedChain): boolean {
  return /^(skeleton|shield)_/.test(name);
}

async function findRoutes(node: NodeView): Promise<readonly Finding[]> {
  const routes = [...(await listRoutes(node, "-4", ROUTE_TABLE)), ...(await listRoutes(node, "-6", ROUTE_TABLE))];
  const others = routes.filter(({ protocol }) => protocol !== ROUTE_PROTOCOL);
  if (others.length === 0) return [];
  const words = others.map(({ dst, dev }) => `${dst}${dev === undefined ? "" : ` dev ${dev}`}`).slice(0, 3);
  return [
    blocks(
      `routing table ${ROUTE_TABLE} has routes of somebody else: ${words.join(", ")}`,
      `move them to another table, or delete them: ip route flush table ${ROUTE_TABLE}`,
    ),
  ];
}

async function findPreferences(node: NodeView): Promise<readonly Finding[] | null> {
  const rules = await Promise.all([otherRules(node, "-4"), otherRules(node, "-6")]);
  if (rules.includes(null)) return null;
  const taken = rules
    .flatMap((family) => family ?? [])
    .filter(({ priority }) => priority === OUTER_RULE_PREFERENCE || priority === TUNNEL_RULE_PREFERENCE);
  return [...new Set(taken.map(({ priority }) => priority))].map((priority) =>
    warns(
      `somebody else has a routing rule with preference ${priority} as well: which of the two is asked first depends on their age`,
      "give that rule another preference",
    ),
  );
}

async function findDevice(node: NodeView): Promise<readonly Finding[] | null> {
  const link = (await listLinks(node))?.find(({ ifname }) => ifname === OVERLAY_DEVICE);
  if (link === undefined || isOwn(link)) return [];
  return [
    blocks(
      `a device ${OVERLAY_DEVICE} exists that sallyport did not create`,
      `rename it; or, if it is left over, delete it: ip link delete ${OVERLAY_DEVICE}`,
    ),
  ];
}

/** Ours has its alias; a vxlan device of that name without one may be half-created by us. */
function isOwn({ ifalias, linkinfo }: ListedLink): boolean {
  return ifalias === OVERLAY_ALIAS || (ifalias === undefined && linkinfo?.info_kind === "vxlan");
}

async function findPort(node: NodeView, { overlayPort }: PreflightSettings): Promise<readonly Finding[] | null> {
  const links = await listLinks(node);
  if (links === null) return null;
  const onPort = links.filter(({ linkinfo }) => linkinfo?.info_data?.port === overlayPort);
  const cure = "set another port in EgressCluster spec.overlay.port";
  const others = onPort.filter(({ ifname }) => ifname !== OVERLAY_DEVICE);
  if (others.length > 0) {
    return others.map(({ ifname }) => blocks(`device ${ifname} uses UDP port ${overlayPort} already`, cure));
  }
  if (onPort.length > 0 || !(await isUdpPortOpen(node, overlayPort))) return [];
  return [blocks(`a process uses UDP port ${overlayPort} already`, cure)];
}

/** Local addresses in /proc/net/udp end in the port, four hexadecimal digits. */
async function isUdpPortOpen(node: NodeView, port: number): Promise<boolean> {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all([node.read("/proc/net/udp"), node.read("/proc/net/udp6")]);
  return tables.some((table) =>
    table?.split("\n").some((line) => line.trim().split(/\s+/)[1]?.endsWith(ending) ?? false),
  );
}
