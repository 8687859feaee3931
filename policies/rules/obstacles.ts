/** Addresses that no node may hold as a floating IP, whatever the nodes are: by standard, or by what the cluster declares. */
import { type Address, contains, formatPrefix, lastAddress, type Prefix, parseCidr } from "../addresses.ts";
import type { ClusterSettings, IpAddress } from "../intent.ts";
import { NEVER_ROUTED } from "../neverrouted.ts";

export interface Obstacle {
  /** `overlap`: the address belongs to something else in the cluster. `unusable`: it cannot be a node's at all. */
  readonly kind: "unusable" | "overlap";
  /** A sentence without a full stop that begins with the address. */
  readonly message: string;
}

/** RFC 6890, RFC 4291. */
const NEVER_USABLE = [
  ...NEVER_ROUTED,
  ...(
    [
      ["0.0.0.0/8", "means this host"],
      ["127.0.0.0/8", "is a loopback address"],
      ["240.0.0.0/4", "is reserved"],
      ["::/127", "is the unspecified or the loopback address"],
      ["::ffff:0:0/96", "is an IPv4 address in IPv6 form"],
    ] as const
  ).map(([cidr, what]) => ({ prefix: parseCidr(cidr) as Prefix, what })),
];

/** The first obstacle says enough. */
export function obstacleFinder(cluster: ClusterSettings): (ip: IpAddress, address: Address) => Obstacle | undefined {
  const taken = (["podCIDRs", "serviceCIDRs"] as const).flatMap((field) =>
    cluster[field].map((cidr) => ({ prefix: parseCidr(cidr) as Prefix, field })),
  );
  const subnets = cluster.nodeSubnets.map((cidr) => parseCidr(cidr) as Prefix);
  const gateways = new Set(cluster.defaultGateways);
  return (ip, address) => {
    const never = NEVER_USABLE.find(({ prefix }) => contains(prefix, address));
    if (never !== undefined) return { kind: "unusable", message: `${ip} ${never.what}; no node can hold it` };
    const range = taken.find(({ prefix }) => contains(prefix, address));
    if (range !== undefined) {
      return { kind: "overlap", message: `${ip} lies in ${formatPrefix(range.prefix)} of ${range.field}` };
    }
    if (gateways.has(ip)) return { kind: "overlap", message: `${ip} is a default gateway of the nodes` };
    const [edge] = subnets.flatMap((subnet) => edgeOf(subnet, address) ?? []);
    return edge === undefined ? undefined : { kind: "unusable", message: `${ip} is the ${edge} address of its subnet` };
  };
}

/** RFC 3021: a /31 has neither; IPv6 has no broadcast, and its first address is the routers' anycast (RFC 4291). */
function edgeOf(subnet: Prefix, address: Address): string | undefined {
  if (!contains(subnet, address)) return undefined;
  const hostBits = (address.family === 4 ? 32 : 128) - subnet.length;
  if (hostBits < 2) return undefined;
  if (address.value === subnet.network.value) return address.family === 4 ? "network" : "subnet-router anycast";
  return address.family === 4 && address.value === lastAddress(subnet).value ? "broadcast" : undefined;
}
