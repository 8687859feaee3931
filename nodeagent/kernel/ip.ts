/** The door to links, addresses, rules, routes, neighbours and forwarding entries: iproute2. */
import { FAMILIES, type Family, familyOf } from "../addresses.ts";
import {
  type ListedObject,
  parseForwarding,
  parseLink,
  parseNeighbour,
  parseRoute,
  parseRule,
  readArray,
} from "./ip-listing.ts";
import { CommandError, run, tryRun } from "./run.ts";

export interface Address {
  readonly ip: string;
  readonly prefixLength: number;
  /** "" for IPv6. */
  readonly label: string;
  /** `null`: none was given. */
  readonly metric: number | null;
}

/** By what an address is known again: IPv4 has labels, IPv6 has not. */
export type AddressMark = { readonly label: string } | { readonly metric: number };

export interface Vxlan {
  readonly vni: number;
  /** IPv4 or IPv6: the family of all outer packets. */
  readonly local: string;
  readonly port: number;
  readonly learning: boolean;
  readonly gbp: boolean;
}

export interface Link {
  readonly name: string;
  /** Of this network namespace. */
  readonly index: number;
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
  readonly family: Family;
  readonly preference: number;
  readonly mark: string;
  readonly mask: string;
  /** Incoming interface; `null`: any. */
  readonly iif: string | null;
  readonly table: string;
  readonly protocol: string;
}

export interface Route {
  readonly family: Family;
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

/** Of both families; a kernel without IPv6 has none of it. */
interface IpView {
  readonly links: readonly Link[];
  readonly rules: readonly Rule[];
  /** Of one table; empty when it does not exist. */
  readonly routes: readonly Route[];
  /** Of one device; empty when it does not exist. */
  readonly neighbours: readonly Neighbour[];
  readonly forwarding: readonly Forwarding[];
}

/** Writes throw `CommandError`. Deleting what does not exist is not an error; adding what exists is. */
export interface Ip {
  look(device: string, table: string): Promise<IpView>;

  addVxlan(device: VxlanDevice): Promise<void>;
  deleteLink(device: string): Promise<void>;
  /** Names the link's owner, sets its MTU and brings it up, without IPv6 addresses. */
  settleLink(device: string, settings: { readonly alias: string; readonly mtu: number }): Promise<void>;
  /** A single address. IPv6 is usable at once (no duplicate address detection) and never chosen as a source by the node. */
  addAddress(device: string, ip: string, mark: AddressMark): Promise<void>;
  deleteAddress(device: string, ip: string): Promise<void>;
  addRule(rule: Rule): Promise<void>;
  deleteRule(rule: Rule): Promise<void>;
  /** A default route through a next hop that need not be in a subnet of the device. */
  replaceDefaultRoute(route: {
    readonly family: Family;
    readonly table: string;
    readonly via: string;
    readonly device: string;
    readonly protocol: string;
  }): Promise<void>;
  deleteRoutes(family: Family, table: string, protocol: string): Promise<void>;
  replaceNeighbour(device: string, ip: string, mac: string): Promise<void>;
  replaceForwarding(device: string, entry: Forwarding): Promise<void>;
  deleteForwarding(device: string, entry: Forwarding): Promise<void>;
}

export function createIp(): Ip {
  return {
    async look(device, table) {
      const [[links, neighbours], families, forwarding] = await Promise.all([
        listAll(["-d"], ["address show", `neighbour show dev ${device}`]),
        Promise.all(FAMILIES.map((family) => listAll([flag(family)], ["rule show", `route show table ${table}`]))),
        readUnlessMissing("bridge", ["-j", "fdb", "show", "dev", device]),
      ]);
      const ofFamilies = <T>(listing: 0 | 1, parse: (object: ListedObject, family: Family) => T): readonly T[] =>
        families.flatMap((listed, index) => listed[listing].map((object) => parse(object, FAMILIES[index] ?? 4)));
      return {
        links: links.map(parseLink),
        rules: ofFamilies(0, parseRule),
        routes: ofFamilies(1, parseRoute),
        neighbours: neighbours.map(parseNeighbour),
        forwarding: forwarding.flatMap(parseForwarding),
      };
    },

    addVxlan: (device) => write("ip", ["link", "add", "name", device.name, ...vxlanArguments(device)]),
    deleteLink: (device) => writeUnlessMissing("ip", ["link", "delete", "dev", device]),
    settleLink: (device, { alias, mtu }) =>
      write("ip", [
        ...["link", "set", "dev", device, "alias", alias],
        ...["mtu", String(mtu), "addrgenmode", "none", "up"],
      ]),
    addAddress: (device, ip, mark) =>
      write("ip", ["address", "add", single(ip), "dev", device, ...addressArguments(ip, mark)]),
    deleteAddress: (device, ip) => writeUnlessMissing("ip", ["address", "delete", single(ip), "dev", device]),
    addRule: (rule) => write("ip", [flag(rule.family), "rule", "add", ...ruleArguments(rule)]),
    deleteRule: (rule) => writeUnlessMissing("ip", [flag(rule.family), "rule", "delete", ...ruleArguments(rule)]),
    replaceDefaultRoute: ({ family, table, via, device, protocol }) =>
      write("ip", [
        ...[flag(family), "route", "replace", "default", "via", via, "dev", device, "onlink"],
        ...["table", table, "protocol", protocol],
      ]),
    deleteRoutes: (family, table, protocol) =>
      writeUnlessMissing("ip", [flag(family), "route", "flush", "table", table, "protocol", protocol]),
    replaceNeighbour: (device, ip, mac) =>
      write("ip", ["neighbour", "replace", ip, "lladdr", mac, "dev", device, "nud", "permanent"]),
    replaceForwarding: (device, { mac, underlayIP }) =>
      write("bridge", ["fdb", "replace", mac, "dev", device, "dst", underlayIP, "self", "permanent"]),
    deleteForwarding: (device, { mac, underlayIP }) =>
      writeUnlessMissing("bridge", ["fdb", "delete", mac, "dev", device, "dst", underlayIP, "self"]),
  };
}

/** Two listings by one program; where it could not do one of them, by a program for each. */
async function listAll(
  flags: readonly string[],
  listings: readonly [string, string],
): Promise<readonly [readonly ListedObject[], readonly ListedObject[]]> {
  const options = ["-j", ...flags];
  const commands = Buffer.from(listings.map((listing) => `${listing}\n`).join(""));
  const { exitCode, stdout } = await tryRun("ip", [...options, "-batch", "-"], commands);
  const [first, second, ...more] = stdout.split("\n").filter((line) => line !== "");
  if (exitCode === 0 && first !== undefined && second !== undefined && more.length === 0) {
    return [readArray(first), readArray(second)];
  }
  const [one, other] = listings.map((listing) => readUnlessMissing("ip", [...options, ...listing.split(" ")]));
  return [(await one) ?? [], (await other) ?? []];
}

function flag(family: Family): string {
  return `-${family}`;
}

function single(ip: string): string {
  return `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
}

function addressArguments(ip: string, mark: AddressMark): readonly string[] {
  const known = "label" in mark ? ["label", mark.label] : ["metric", String(mark.metric)];
  return familyOf(ip) === 4 ? known : [...known, "nodad", "noprefixroute", "preferred_lft", "0"];
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
  if (saysMissing(result.stderr) || saysWithoutIPv6(result.stderr)) return [];
  throw new CommandError([program, ...args], result);
}

function saysMissing(stderr: string): boolean {
  return /FIB table does not exist|Cannot find device|does not exist/.test(stderr);
}

/** The kernel was started with ipv6.disable=1, or has none. */
function saysWithoutIPv6(stderr: string): boolean {
  return /Operation not supported|Address family not supported/.test(stderr);
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
