import { contains, formatPrefix, type Prefix, parseAddress, parseCidr } from "../../addresses.ts";
import type { Finding, Severity } from "../../findings.ts";
import type { Cidr, ClusterSettings, Intent, Policy, Positioned } from "../../intent.ts";
import type { ParsedFile } from "../declared.ts";

interface NoEgress {
  readonly prefix: Prefix;
  readonly name: string;
}

/** A destination that can match no packet, or was written twice. Larger prefixes that include the cluster's own are fine. */
export function destinationsHaveEffect(_files: readonly ParsedFile[], intent: Intent | undefined): Finding[] {
  if (intent === undefined) return [];
  const noEgress = noEgressOf(intent.cluster);
  return intent.policies.flatMap((policy) => {
    const family = familyOf(policy, intent);
    const seen = new Map<Cidr, Positioned<Cidr>>();
    return policy.destinations.flatMap((destination) => {
      const prefix = parseCidr(destination.value) as Prefix;
      const first = seen.get(destination.value);
      seen.set(destination.value, first ?? destination);
      if (first !== undefined) {
        const message = `${destination.value} stands twice in this policy, first in line ${first.at.line}.`;
        return finding("warning", "destination-repeated", policy, destination, message, "Delete one of the two.");
      }
      if (family !== undefined && prefix.network.family !== family) {
        const message = `${destination.value} is IPv${prefix.network.family}, but the policy's floating IP is IPv${family}.`;
        return finding(
          "error",
          "family-mismatch",
          policy,
          destination,
          message,
          "Use a policy and a group of its own for each family.",
        );
      }
      const around = noEgress.find(
        (range) => range.prefix.length <= prefix.length && contains(range.prefix, prefix.network),
      );
      if (around === undefined) return [];
      const message = `${destination.value} lies in ${formatPrefix(around.prefix)} of ${around.name}, where traffic never takes the egress path.`;
      return finding("error", "destination-in-cluster", policy, destination, message, "Delete the destination.");
    });
  });
}

function noEgressOf(cluster: ClusterSettings): NoEgress[] {
  return (["podCIDRs", "serviceCIDRs", "noEgressCIDRs"] as const).flatMap((name) =>
    cluster[name].map((cidr) => ({ prefix: parseCidr(cidr) as Prefix, name })),
  );
}

function familyOf(policy: Policy, intent: Intent): 4 | 6 | undefined {
  const { namespace, name } = policy.gatewayRef.value;
  const group = intent.groups.find((one) => one.namespace === namespace && one.name === name);
  const first = group?.floatingIPs[0];
  return first && parseAddress(first.value)?.family;
}

function finding(
  severity: Severity,
  code: string,
  policy: Policy,
  { at }: Positioned<Cidr>,
  message: string,
  fix: string,
): Finding[] {
  return [{ code, severity, message, fix, ...at, object: { kind: "EgressNATPolicy", name: policy.name } }];
}
