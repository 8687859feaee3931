import { contains, type Family, familyOf, formatPrefix, type Prefix, parseCidr } from "../../addresses.ts";
import type { Finding } from "../../findings.ts";
import type { Cidr, ClusterSettings, Policy, Positioned } from "../../intent.ts";
import { neverRouted } from "../../neverrouted.ts";
import type { Code } from "../codes.ts";
import type { DeclaredTree } from "./tree.ts";

type Found = Pick<Finding, "severity" | "message" | "fix"> & { readonly code: Code };

interface NoEgress {
  readonly prefix: Prefix;
  readonly name: string;
}

/** A destination that can match no packet, or was written twice. Prefixes around the cluster's own are fine. */
export function destinationsHaveEffect({ intent, groups, refs }: DeclaredTree): Finding[] {
  const noEgress = noEgressOf(intent.cluster);
  const findings: Finding[] = [];
  for (const [policy, ref] of refs) {
    const first = groups.get(ref)?.floatingIPs[0];
    const family = first && familyOf(first.value);
    const seen = new Map<Cidr, Positioned<Cidr>>();
    for (const destination of policy.destinations) {
      const earlier = seen.get(destination.value);
      if (earlier === undefined) seen.set(destination.value, destination);
      const found = earlier === undefined ? ineffective(destination, family, noEgress) : repeated(destination, earlier);
      if (found !== undefined) findings.push(toFinding(found, destination, policy));
    }
  }
  return findings;
}

function repeated({ value }: Positioned<Cidr>, earlier: Positioned<Cidr>): Found {
  const message = `${value} stands twice in this policy, first in line ${earlier.at.line}`;
  return { severity: "warning", code: "destination-repeated", message, fix: "delete one of the two" };
}

function ineffective(
  { value }: Positioned<Cidr>,
  family: Family | undefined,
  noEgress: readonly NoEgress[],
): Found | undefined {
  const prefix = parseCidr(value) as Prefix;
  const { network, length } = prefix;
  if (family !== undefined && network.family !== family) {
    const message = `${value} is IPv${network.family}, but the floating IP of this policy is IPv${family}`;
    return {
      severity: "error",
      code: "family-mismatch",
      message,
      fix: "use a policy and a group of its own for each family",
    };
  }
  const fix = "delete the destination";
  const onLink = neverRouted(prefix);
  if (onLink !== undefined) {
    const message = `${value} ${onLink.what}: it is never routed and so never takes the egress path`;
    return { severity: "error", code: "destination-never-routed", message, fix };
  }
  const around = noEgress.find((one) => one.prefix.length <= length && contains(one.prefix, network));
  if (around === undefined) return undefined;
  const message = `${value} lies in ${formatPrefix(around.prefix)} of ${around.name}, where traffic never takes the egress path`;
  return { severity: "error", code: "destination-in-cluster", message, fix };
}

function noEgressOf(cluster: ClusterSettings): NoEgress[] {
  return (["podCIDRs", "serviceCIDRs", "noEgressCIDRs"] as const).flatMap((name) =>
    cluster[name].map((cidr) => ({ prefix: parseCidr(cidr) as Prefix, name })),
  );
}

function toFinding(found: Found, { at }: Positioned<Cidr>, policy: Policy): Finding {
  return { ...found, ...at, object: { kind: "EgressNATPolicy", name: policy.name } };
}
