/** Reads what iproute2 prints. Fields that are absent in some state of an object are optional here. */
import type { Family } from "../addresses.ts";
import type { Forwarding, Link, Neighbour, Route, Rule, Vxlan } from "./ip.ts";

export type ListedObject = Readonly<Record<string, unknown>>;

export function readArray(text: string): readonly ListedObject[] {
  // iproute2 prints nothing at all, or empty objects, where it filtered everything out.
  const listed = text.trim() === "" ? [] : (JSON.parse(text) as readonly ListedObject[]);
  return listed.filter((object) => Object.keys(object).length > 0);
}

export function parseLink(object: ListedObject): Link {
  const link = object as {
    ifname: string;
    ifindex: number;
    address?: string;
    mtu: number;
    flags: readonly string[];
    ifalias?: string;
    linkinfo?: { info_kind?: string; info_data?: ListedVxlan };
    addr_info?: readonly { family: string; local: string; prefixlen: number; label?: string; metric?: number }[];
  };
  const kind = link.linkinfo?.info_kind ?? null;
  return {
    name: link.ifname,
    index: link.ifindex,
    mac: link.address ?? "",
    mtu: link.mtu,
    up: link.flags.includes("UP"),
    alias: link.ifalias ?? null,
    kind,
    vxlan: kind === "vxlan" && link.linkinfo?.info_data ? parseVxlan(link.linkinfo.info_data) : null,
    addresses: (link.addr_info ?? [])
      .filter(({ family }) => family === "inet" || family === "inet6")
      .map(({ local, prefixlen, label, metric }) => ({
        ip: local,
        prefixLength: prefixlen,
        label: label ?? "",
        metric: metric ?? null,
      })),
  };
}

interface ListedVxlan {
  readonly id: number;
  readonly local?: string;
  readonly local6?: string;
  readonly port: number;
  readonly learning?: boolean;
  readonly gbp?: boolean;
}

function parseVxlan({ id, local, local6, port, learning, gbp }: ListedVxlan): Vxlan {
  return { vni: id, local: local ?? local6 ?? "", port, learning: learning ?? false, gbp: gbp ?? false };
}

export function parseRule(object: ListedObject, family: Family): Rule {
  const rule = object as {
    priority: number;
    fwmark?: string;
    fwmask?: string;
    iif?: string;
    table?: string;
    protocol?: string;
  };
  return {
    family,
    preference: rule.priority,
    mark: rule.fwmark ?? "",
    mask: rule.fwmask ?? "",
    iif: rule.iif ?? null,
    table: rule.table ?? "",
    protocol: rule.protocol ?? "",
  };
}

export function parseRoute(object: ListedObject, family: Family): Route {
  const route = object as { dst: string; gateway?: string; dev?: string; protocol?: string };
  return {
    family,
    to: route.dst,
    via: route.gateway ?? null,
    device: route.dev ?? null,
    protocol: route.protocol ?? "",
  };
}

export function parseNeighbour(object: ListedObject): Neighbour {
  const neighbour = object as { dst: string; lladdr?: string; state?: readonly string[] };
  return {
    ip: neighbour.dst,
    mac: neighbour.lladdr ?? null,
    permanent: neighbour.state?.includes("PERMANENT") ?? false,
  };
}

export function parseForwarding(object: ListedObject): readonly Forwarding[] {
  const entry = object as { mac: string; dst?: string };
  return entry.dst === undefined ? [] : [{ mac: entry.mac, underlayIP: entry.dst }];
}
