/** The door to links, addresses, rules, routes, neighbours and forwarding entries: iproute2, IPv4 only. */
import { CommandError, run, tryRun } from "./run.ts";

interface Address {
  readonly ip: string;
  readonly prefixLength: number;
  readonly label: string;
}

interface Vxlan {
  readonly vni: number;
  readonly local: string;
  readonly port: number;
  readonly learning: boolean;
  readonly gbp: boolean;
}

export interface Link {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string | null;
  /** `veth`, `bridge`, `vxlan`, …; `null`: a physical device or the loopback. */
  readonly kind: string | null;
  readonly vxlan: Vxlan | null;
  readonly addresses: readonly Address[];
}

/** A rule by firewall mark; other rules are not told apart. */
export interface Rule {
  readonly preference: number;
  readonly mark: string;
  readonly mask: string;
  /** Incoming interface; `null`: any. */
  readonly iif: string | null;
  readonly table: string;
  readonly protocol: string;
}

export interface Route {
  readonly to: string;
  readonly via: string | null;
  readonly device: string | null;
  readonly protocol: string;
}

export interface Neighbour {
  readonly ip: string;
  readonly mac: string | null;
  readonly permanent: boolean;
}

/** One forwarding entry of a VXLAN device: frames for this MAC address go to this node. */
export interface Forwarding {
  readonly mac: string;
  readonly underlayIP: string;
}

export interface VxlanDevice extends Vxlan {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
}

/** Writes throw `CommandError`. Deleting what does not exist is not an error; adding what exists is. */
export interface Ip {
  links(): Promise<readonly Link[]>;
  rules(): Promise<readonly Rule[]>;
  /** Empty when the table does not exist. */
  routes(table: string): Promise<readonly Route[]>;
  /** Empty when the device does not exist. */
  neighbours(device: string): Promise<readonly Neighbour[]>;
  /** Empty when the device does not exist. */
  forwarding(device: string): Promise<readonly Forwarding[]>;

  addVxlan(device: VxlanDevice): Promise<void>;
  deleteLink(device: string): Promise<void>;
  /** Names the link's owner, sets its MTU and brings it up, without IPv6 addresses. */
  settleLink(device: string, settings: { readonly alias: string; readonly mtu: number }): Promise<void>;
  addAddress(device: string, ip: string, label: string): Promise<void>;
  deleteAddress(device: string, ip: string): Promise<void>;
  addRule(rule: Rule): Promise<void>;
  deleteRule(rule: Rule): Promise<void>;
  /** A default route through a next hop that need not be in a subnet of the device. */
  replaceDefaultRoute(route: {
    readonly table: string;
    readonly via: string;
    readonly device: string;
    readonly protocol: string;
  }): Promise<void>;
  deleteRoutes(table: string, protocol: string): Promise<void>;
  replaceNeighbour(device: string, ip: string, mac: string): Promise<void>;
  replaceForwarding(device: string, entry: Forwarding): Promise<void>;
  deleteForwarding(device: string, entry: Forwarding): Promise<void>;
}

export function createIp(): Ip {
  return {
    links: async () => readArray(await run("ip", ["-j", "-d", "address", "show"])).map(parseLink),
    rules: async () => readArray(await run("ip", ["-j", "-4", "rule", "show"])).map(parseRule),
    routes: async (table) =>
      (await readUnlessMissing("ip", ["-j", "-4", "route", "show", "table", table])).map(parseRoute),
    neighbours: async (device) =>
      (await readUnlessMissing("ip", ["-j", "-4", "neighbour", "show", "dev", device])).map(parseNeighbour),
    forwarding: async (device) =>
      (await readUnlessMissing("bridge", ["-j", "fdb", "show", "dev", device])).flatMap(parseForwarding),

    addVxlan: (device) => write("ip", ["link", "add", "name", device.name, ...vxlanArguments(device)]),
    deleteLink: (device) => writeUnlessMissing("ip", ["link", "delete", "dev", device]),
    settleLink: (device, { alias, mtu }) =>
      write("ip", [
        ...["link", "set", "dev", device, "alias", alias],
        ...["mtu", String(mtu), "addrgenmode", "none", "up"],
      ]),
    addAddress: (device, ip, label) => write("ip", ["-4", "address", "add", `${ip}/32`, "dev", device, "label", label]),
    deleteAddress: (device, ip) => writeUnlessMissing("ip", ["-4", "address", "delete", `${ip}/32`, "dev", device]),
    addRule: (rule) => write("ip", ["-4", "rule", "add", ...ruleArguments(rule)]),
    deleteRule: (rule) => writeUnlessMissing("ip", ["-4", "rule", "delete", ...ruleArguments(rule)]),
    replaceDefaultRoute: ({ table, via, device, protocol }) =>
      write("ip", [
        ...["-4", "route", "replace", "default", "via", via, "dev", device, "onlink"],
        ...["table", table, "protocol", protocol],
      ]),
    deleteRoutes: (table, protocol) =>
      writeUnlessMissing("ip", ["-4", "route", "flush", "table", table, "protocol", protocol]),
    replaceNeighbour: (device, ip, mac) =>
      write("ip", ["-4", "neighbour", "replace", ip, "lladdr", mac, "dev", device, "nud", "permanent"]),
    replaceForwarding: (device, { mac, underlayIP }) =>
      write("bridge", ["fdb", "replace", mac, "dev", device, "dst", underlayIP, "self", "permanent"]),
    deleteForwarding: (device, { mac, underlayIP }) =>
      writeUnlessMissing("bridge", ["fdb", "delete", mac, "dev", device, "dst", underlayIP, "self"]),
  };
}

async function write(program: string, args: readonly string[]): Promise<void> {
  await run(program, args);
}

async function writeUnlessMissing(program: string, args: readonly string[]): Promise<void> {
  const result = await tryRun(program, args);
  if (result.exitCode === 0) return;
  const error = new CommandError([program, ...args], result);
  if (!error.notFound && !saysMissing(result.stderr)) throw error;
}

async function readUnlessMissing(program: string, args: readonly string[]): Promise<readonly ListedObject[]> {
  const result = await tryRun(program, args);
  if (result.exitCode === 0) return readArray(result.stdout);
  if (saysMissing(result.stderr)) return [];
  throw new CommandError([program, ...args], result);
}

function saysMissing(stderr: string): boolean {
  return /FIB table does not exist|Cannot find device|does not exist/.test(stderr);
}

function vxlanArguments(device: VxlanDevice): readonly string[] {
  return [
    ...["address", device.mac, "mtu", String(device.mtu), "type", "vxlan", "id", String(device.vni)],
    ...["local", device.local, "dstport", String(device.port)],
    ...[device.learning ? "learning" : "nolearning", ...(device.gbp ? ["gbp"] : [])],
  ];
}

function ruleArguments(rule: Rule): readonly string[] {
  return [
    ...["preference", String(rule.preference), ...(rule.iif === null ? [] : ["iif", rule.iif])],
    ...["fwmark", `${rule.mark}/${rule.mask}`, "lookup", rule.table, "protocol", rule.protocol],
  ];
}

// What iproute2 prints. Fields that are absent in some state of an object are optional here.

type ListedObject = Readonly<Record<string, unknown>>;

function readArray(text: string): readonly ListedObject[] {
  // iproute2 prints nothing at all, or empty objects, where it filtered everything out.
  const listed = text.trim() === "" ? [] : (JSON.parse(text) as readonly ListedObject[]);
  return listed.filter((object) => Object.keys(object).length > 0);
}

function parseLink(object: ListedObject): Link {
  const link = object as {
    ifname: string;
    address?: string;
    mtu: number;
    flags: readonly string[];
    ifalias?: string;
    linkinfo?: { info_kind?: string; info_data?: ListedVxlan };
    addr_info?: readonly { family: string; local: string; prefixlen: number; label?: string }[];
  };
  const kind = link.linkinfo?.info_kind ?? null;
  return {
    name: link.ifname,
    mac: link.address ?? "",
    mtu: link.mtu,
    up: link.flags.includes("UP"),
    alias: link.ifalias ?? null,
    kind,
    vxlan: kind === "vxlan" && link.linkinfo?.info_data ? parseVxlan(link.linkinfo.info_data) : null,
    addresses: (link.addr_info ?? [])
      .filter(({ family }) => family === "inet")
      .map(({ local, prefixlen, label }) => ({ ip: local, prefixLength: prefixlen, label: label ?? "" })),
  };
}

interface ListedVxlan {
  readonly id: number;
  readonly local?: string;
  readonly port: number;
  readonly learning?: boolean;
  readonly gbp?: boolean;
}

function parseVxlan({ id, local, port, learning, gbp }: ListedVxlan): Vxlan {
  return { vni: id, local: local ?? "", port, learning: learning ?? false, gbp: gbp ?? false };
}

function parseRule(object: ListedObject): Rule {
  const rule = object as {
    priority: number;
    fwmark?: string;
    fwmask?: string;
    iif?: string;
    table?: string;
    protocol?: string;
  };
  return {
    preference: rule.priority,
    mark: rule.fwmark ?? "",
    mask: rule.fwmask ?? "",
    iif: rule.iif ?? null,
    table: rule.table ?? "",
    protocol: rule.protocol ?? "",
  };
}

function parseRoute(object: ListedObject): Route {
  const route = object as { dst: string; gateway?: string; dev?: string; protocol?: string };
  return {
    to: route.dst,
    via: route.gateway ?? null,
    device: route.dev ?? null,
    protocol: route.protocol ?? "",
  };
}

function parseNeighbour(object: ListedObject): Neighbour {
  const neighbour = object as { dst: string; lladdr?: string; state?: readonly string[] };
  return {
    ip: neighbour.dst,
    mac: neighbour.lladdr ?? null,
    permanent: neighbour.state?.includes("PERMANENT") ?? false,
  };
}

function parseForwarding(object: ListedObject): readonly Forwarding[] {
  const entry = object as { mac: string; dst?: string };
  return entry.dst === undefined ? [] : [{ mac: entry.mac, underlayIP: entry.dst }];
}
