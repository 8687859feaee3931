import { type Address, contains, type Prefix, parseAddress, parseCidr } from "../../addresses.ts";
import type { Finding, Severity } from "../../findings.ts";
import type { ClusterSettings, Group, IpAddress, Positioned } from "../../intent.ts";
import { obstacleFinder } from "../../rules/obstacles.ts";
import type { Code } from "../codes.ts";
import { DEFAULT_GROUP, type DeclaredTree, groupName } from "./tree.ts";
import { placeText } from "./words.ts";

type Found = readonly [code: Code, severity: Severity, message: string, fix: string];

/** Each floating IP against itself, its group, other groups and what EgressCluster declares. */
export function floatingIPsAreUsable({ intent }: DeclaredTree): Finding[] {
  const unusable = unusableIn(intent.cluster);
  const holders = new Map<IpAddress, Group>();
  const findings: Finding[] = [];
  for (const group of intent.groups) {
    const seen = new Map<IpAddress, Positioned<IpAddress>>();
    const isDefault = groupName(group) === DEFAULT_GROUP;
    for (const ip of group.floatingIPs) {
      for (const found of [repeated(ip, seen), isDefault ? undefined : shared(ip, group, holders), unusable(ip)]) {
        if (found !== undefined) findings.push(toFinding(found, ip, group));
      }
    }
  }
  return findings;
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

/** At most one reason: the first says enough. */
function unusableIn(cluster: ClusterSettings): (ip: Positioned<IpAddress>) => Found | undefined {
  const obstacle = obstacleFinder(cluster);
  const subnets = cluster.nodeSubnets.map((cidr) => parseCidr(cidr) as Prefix);
  const judge = (ip: IpAddress): Found | undefined => {
    const address = parseAddress(ip) as Address;
    const found = obstacle(ip, address);
    if (found !== undefined) return refuse(`floating-ip-${found.kind}`, found.message);
    if (subnets.length === 0 || subnets.some((subnet) => contains(subnet, address))) return undefined;
    const ofFamily = subnets.some(({ network }) => network.family === address.family);
    const known = ofFamily ? "it is in none of nodeSubnets" : `no IPv${address.family} subnet is declared`;
    return refuse("floating-ip-outside-subnets", `${ip} is in no subnet of the nodes: ${known}`);
  };
  // what another group has stands in kube-system/default too
  const judged = new Map<IpAddress, Found | undefined>();
  return ({ value: ip }) => {
    if (!judged.has(ip)) judged.set(ip, judge(ip));
    return judged.get(ip);
  };
}

function refuse(code: Code, message: string): Found {
  return [code, "error", message, "choose a free address of the nodes' subnet"];
}

function toFinding([code, severity, message, fix]: Found, ip: Positioned<IpAddress>, group: Group): Finding {
  const object = { kind: "NetworkGatewayGroup", namespace: group.namespace, name: group.name };
  return { code, severity, message, fix, ...ip.at, object };
}
