import { type Address, contains, formatPrefix, type Prefix, parseAddress, parseCidr } from "../../addresses.ts";
import type { Finding } from "../../findings.ts";
import type { Cidr, ClusterSettings, Policy, Positioned } from "../../intent.ts";
import type { Code } from "../codes.ts";
import { type DeclaredTree, refName } from "./tree.ts";

type Found = Pick<Finding, "severity" | "message" | "fix"> & { readonly code: Code };

interface NoEgress {
  readonly prefix: Prefix;
  readonly name: string;
}

/** A destination that can match no packet, or was written twice. Prefixes around the cluster's own are fine. */
export function destinationsHaveEffect({ intent, groups }: DeclaredTree): Finding[] {
  const noEgress = noEgressOf(intent.cluster);
  return intent.policies.flatMap((policy) => {
    const first = groups.get(refName(policy))?.floatingIPs[0];
    const family = first && parseAddress(first.value)?.family;
    const seen = new Map<Cidr, Positioned<Cidr>>();
    return policy.destinations.flatMap((destination) => {
      const earlier = seen.get(destination.value);
      seen.set(destination.value, earlier ?? destination);
      const found = earlier === undefined ? ineffective(destination, family, noEgress) : repeated(destination, earlier);
      return found === undefined ? [] : toFinding(found, destination, policy);
    });
  });
}

function repeated({ value }: Positioned<Cidr>, earlier: Positioned<Cidr>): Found {
  const message = `${value} stands twice in this policy, first in line ${earlier.at.line}`;
  return { severity: "warning", code: "destination-repeated", message, fix: "delete one of the two" };
}

function ineffective(
  { value }: Positioned<Cidr>,
  family: Address["family"] | undefined,
  noEgress: readonly NoEgress[],
): Found | undefined {
  const { network, length } = parseCidr(value) as Prefix;
  if (family !== undefined && network.family !== family) {
    const message = `${value} is IPv${network.family}, but the floating IP of this policy is IPv${family}`;
    return {
      severity: "error",
      code: "family-mismatch",
      message,
      fix: "use a policy and a group of its own for each family",
    };
  }
  const around = noEgress.find(({ prefix }) => prefix.length <= length && contains(prefix, network));
  if (around === undefined) return undefined;
  const message = `${value} lies in ${formatPrefix(around.prefix)} of ${around.name}, where traffic never takes the egress path`;
  return { severity: "error", code: "destination-in-cluster", message, fix: "delete the destination" };
}

function noEgressOf(cluster: ClusterSettings): NoEgress[] {
  return (["podCIDRs", "serviceCIDRs", "noEgressCIDRs"] as const).flatMap((name) =>
    cluster[name].map((cidr) => ({ prefix: parseCidr(cidr) as Prefix, name })),
  );
}

function toFinding(found: Found, { at }: Positioned<Cidr>, policy: Policy): Finding {
  return { ...found, ...at, object: { kind: "EgressNATPolicy", name: policy.name } };
}
