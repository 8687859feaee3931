/** Does the kernel forward at all, both ways, and does it keep its routes while it does? */
import { OVERLAY_DEVICE } from "../constants.ts";
import { FORWARDING_SYSCTL } from "../settings.ts";
import { blocks, type Check, type Finding, type PreflightSettings, warns } from "./check.ts";
import { defaultDevice, listLinks, listRoutes, TUNNEL_KINDS, uplinkName } from "./links.ts";
import { type NodeView, readSysctl } from "./node-view.ts";

export const sysctlChecks: readonly Check[] = [
  { id: "ip-forward", title: "the node forwards IPv4", find: findForwarding },
  { id: "ipv6-forward", title: "the node forwards IPv6 where it has it, and keeps its default route", find: findIPv6 },
  { id: "rp-filter", title: "no strict reverse path filter is in the way of replies", find: findStrictFilter },
];

async function findForwarding(node: NodeView): Promise<readonly Finding[]> {
  if ((await readSysctl(node, FORWARDING_SYSCTL[4])) === 1) return [];
  // A cluster of IPv6 alone does not need it; whether this is one, the state says later.
  if ((await readSysctl(node, FORWARDING_SYSCTL[6])) === 1) {
    return [warns("this node forwards IPv6 only", "set the sysctl net.ipv4.ip_forward to 1 if pods have IPv4")];
  }
  return [blocks("this node does not forward", "set the sysctl net.ipv4.ip_forward to 1")];
}

async function findIPv6(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[]> {
  const routes = await listRoutes(node, "-6", "main");
  const uplink = await uplinkName(node, settings);
  const defaults = routes.filter(({ dst, dev }) => dst === "default" && (uplink === null || dev === uplink));
  if (defaults.length === 0) return [];
  if ((await readSysctl(node, FORWARDING_SYSCTL[6])) !== 1) {
    return [
      warns("this node does not forward IPv6", "set the sysctl net.ipv6.conf.all.forwarding to 1 if pods have IPv6"),
    ];
  }
  const [advertised] = defaults.filter(({ protocol }) => protocol === "ra");
  if (advertised?.dev === undefined || (await readSysctl(node, `ipv6/conf/${advertised.dev}/accept_ra`)) === 2)
    return [];
  return [
    warns(
      `the IPv6 default route of ${advertised.dev} comes from router advertisements, which a node that forwards ignores`,
      `set the sysctl net.ipv6.conf.${advertised.dev}.accept_ra to 2`,
    ),
  ];
}

/** Modes of RFC 3704 as in Documentation/networking/ip-sysctl. */
const STRICT = 1;
const LOOSE = 2;

/** The larger of the two settings counts (Documentation/networking/ip-sysctl). */
async function effectiveFilter(node: NodeView, device: string): Promise<number> {
  const settings = await Promise.all(["all", device].map((name) => readSysctl(node, `ipv4/conf/${name}/rp_filter`)));
  return Math.max(...settings.map((value) => value ?? 0));
}

async function findStrictFilter(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[] | null> {
  const links = await listLinks(node);
  if (links === null) return null;
  const routes = await listRoutes(node, "-4", "main");
  const main = await defaultDevice(node);
  const tunnels = links.filter(
    ({ ifname, linkinfo }) =>
      TUNNEL_KINDS.has(linkinfo?.info_kind ?? "") &&
      ifname !== OVERLAY_DEVICE &&
      ifname !== main &&
      routes.some(({ dev }) => dev === ifname),
  );
  const findings = await Promise.all([
    ...tunnels.map(({ ifname }) => findStrictTunnel(node, ifname)),
    findStrictUplink(node, await uplinkName(node, settings), main),
  ]);
  return findings.flat();
}

async function findStrictTunnel(node: NodeView, device: string): Promise<readonly Finding[]> {
  if ((await effectiveFilter(node, device)) !== STRICT) return [];
  return [
    blocks(
      `the strict reverse path filter of ${device} drops the replies that gateways send to pods through it`,
      `set the sysctl net.ipv4.conf.${device}.rp_filter to ${LOOSE}`,
    ),
  ];
}

async function findStrictUplink(
  node: NodeView,
  uplink: string | null,
  main: string | null,
): Promise<readonly Finding[]> {
  if (uplink === null || uplink === main || (await effectiveFilter(node, uplink)) !== STRICT) return [];
  return [
    warns(
      `${uplink} is the underlay, the default route leads elsewhere (${main ?? "nowhere"}): the strict reverse path filter of ${uplink} drops replies from outside`,
      `set the sysctl net.ipv4.conf.${uplink}.rp_filter to ${LOOSE}, or have a route to the policies' destinations through it`,
    ),
  ];
}
