import { type Address, contains, lastAddress, type Prefix, parseAddress, parseCidr } from "../../addresses.ts";
import type { Finding, Severity } from "../../findings.ts";
import type { ClusterSettings, Group, IpAddress, Positioned } from "../../intent.ts";
import type { Code } from "../codes.ts";
import { DEFAULT_GROUP, type DeclaredTree, groupName } from "./tree.ts";
import { placeText } from "./words.ts";

/** Addresses no node may hold as a further one, whatever the cluster: RFC 6890, RFC 4291, RFC 5771. */
const NEVER_USABLE: readonly (readonly [string, string])[] = [
  ["0.0.0.0/8", "means this host"],
  ["127.0.0.0/8", "is a loopback address"],
  ["169.254.0.0/16", "is link-local"],
  ["224.0.0.0/4", "is a multicast address"],
  ["240.0.0.0/4", "is reserved"],
  ["::/127", "is the unspecified or the loopback address"],
  ["::ffff:0:0/96", "is an IPv4 address in IPv6 form"],
  ["fe80::/10", "is link-local"],
  ["ff00::/8", "is a multicast address"],
];

const neverUsable = NEVER_USABLE.map(([cidr, why]) => ({ prefix: parseCidr(cidr) as Prefix, why }));

type Found = readonly [code: Code, severity: Severity, message: string, fix: string];

/** Each floating IP against itself, its group, other groups and what EgressCluster declares. */
export function floatingIPsAreUsable({ intent }: DeclaredTree): Finding[] {
  const ranges = declaredRanges(intent.cluster);
  const holders = new Map<IpAddress, Group>();
  return intent.groups.flatMap((group) => {
    const seen = new Map<IpAddress, Positioned<IpAddress>>();
    const isDefault = groupName(group) === DEFAULT_GROUP;
    return group.floatingIPs.flatMap((ip) => {
      const found = [repeated(ip, seen), isDefault ? undefined : shared(ip, group, holders), unusable(ip, ranges)];
      return found.flatMap((one) => (one === undefined ? [] : toFinding(one, ip, group)));
    });
  });
}

function repeated(ip: Positioned<IpAddress>, seen: Map<IpAddress, Positioned<IpAddress>>): Found | undefined {
  const first = seen.get(ip.value);
  seen.set(ip.value, first ?? ip);
  if (first === undefined) return undefined;
  return [
    "floating-ip-repeated",
    "error",
    `${ip.value} stands twice in this group, first in line ${first.at.line}`,
    "delete one of the two",
  ];
}

function shared(ip: Positioned<IpAddress>, group: Group, holders: Map<IpAddress, Group>): Found | undefined {
  const other = holders.get(ip.value);
  holders.set(ip.value, other ?? group);
  if (other === undefined || other === group) return undefined;
  const message = `${ip.value} is also in group ${other.namespace}/${other.name} (${placeText(other.at)}); their policies share the address`;
  return [
    "floating-ip-shared",
    "warning",
    message,
    "give each group addresses of its own if the far side is to tell them apart",
  ];
}

interface Ranges {
  readonly subnets: readonly Prefix[];
  readonly taken: readonly { readonly prefix: Prefix; readonly name: string; readonly cidr: string }[];
}

function declaredRanges(cluster: ClusterSettings): Ranges {
  const taken = (["podCIDRs", "serviceCIDRs"] as const).flatMap((name) =>
    cluster[name].map((cidr) => ({ prefix: parseCidr(cidr) as Prefix, name, cidr })),
  );
  return { subnets: cluster.nodeSubnets.map((cidr) => parseCidr(cidr) as Prefix), taken };
}

/** At most one reason: the first says enough. */
function unusable(ip: Positioned<IpAddress>, { subnets, taken }: Ranges): Found | undefined {
  const address = parseAddress(ip.value) as Address;
  const never = neverUsable.find(({ prefix }) => contains(prefix, address));
  if (never !== undefined) return refuse("floating-ip-unusable", `${ip.value} ${never.why}; no node can hold it`);
  const range = taken.find(({ prefix }) => contains(prefix, address));
  if (range !== undefined) return refuse("floating-ip-overlap", `${ip.value} lies in ${range.cidr} of ${range.name}`);
  const subnet = subnets.find((prefix) => contains(prefix, address));
  const ofFamily = subnets.filter(({ network }) => network.family === address.family);
  if (subnet === undefined) {
    if (subnets.length === 0) return undefined;
    const known = ofFamily.length === 0 ? `no IPv${address.family} subnet is declared` : "it is in none of nodeSubnets";
    return refuse("floating-ip-outside-subnets", `${ip.value} is in no subnet of the nodes: ${known}`);
  }
  const edge = edgeOf(subnet, address);
  if (edge === undefined) return undefined;
  return refuse("floating-ip-unusable", `${ip.value} is the ${edge} address of its subnet`);
}

/** RFC 3021: a /31 has neither; IPv6 has no broadcast, and its first address is the routers' anycast (RFC 4291). */
function edgeOf(subnet: Prefix, address: Address): string | undefined {
  const hostBits = (address.family === 4 ? 32 : 128) - subnet.length;
  if (hostBits < 2) return undefined;
  if (address.value === subnet.network.value) return address.family === 4 ? "network" : "subnet-router anycast";
  return address.family === 4 && address.value === lastAddress(subnet).value ? "broadcast" : undefined;
}

function refuse(code: Code, message: string): Found {
  return [code, "error", message, "choose a free address of the nodes' subnet"];
}

function toFinding([code, severity, message, fix]: Found, ip: Positioned<IpAddress>, group: Group): Finding {
  const object = { kind: "NetworkGatewayGroup", namespace: group.namespace, name: group.name };
  return { code, severity, message, fix, ...ip.at, object };
}
