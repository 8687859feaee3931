/**
 * Which policies take effect. A refused policy touches no traffic. Only what Git says refuses a policy; see
 * `PolicyState` for why.
 */
import type { Group, Intent, IpAddress, Policy } from "../intent.ts";
import type { Previous } from "../model.ts";
import { byName, qualifiedName } from "../text.ts";
import type { Refusal, UsableIPs } from "./floatingips.ts";

/** With the first floating IP of its group, or with the rule it breaks. */
export type Admission =
  | { readonly policy: Policy; readonly ip: IpAddress; readonly refusal: null }
  | { readonly policy: Policy; readonly ip: null; readonly refusal: Refusal };

/** By policy name, in the order of names. */
export function admitPolicies(intent: Intent, ips: UsableIPs, previous: Previous): Map<string, Admission> {
  const groups = new Map(intent.groups.map((group) => [qualifiedName(group), group]));
  const owners = ownersOfGroups(intent.policies, previous);
  const admissions = new Map<string, Admission>();
  for (const policy of intent.policies.toSorted(byName)) {
    const verdict = judge(policy, groups, owners, ips);
    admissions.set(
      policy.name,
      typeof verdict === "string" ? { policy, ip: verdict, refusal: null } : { policy, ip: null, refusal: verdict },
    );
  }
  return admissions;
}

function judge(
  policy: Policy,
  groups: ReadonlyMap<string, Group>,
  owners: ReadonlyMap<string, string>,
  ips: UsableIPs,
): IpAddress | Refusal {
  const groupName = qualifiedName(policy.gatewayRef.value);
  const group = groups.get(groupName);
  if (group === undefined) {
    return { reason: "GatewayGroupNotFound", message: `NetworkGatewayGroup ${groupName} does not exist` };
  }
  const first = group.floatingIPs[0]?.value;
  if (first === undefined) {
    return { reason: "NoFloatingIP", message: `NetworkGatewayGroup ${groupName} lists no floating IP` };
  }
  // A broken group comes first: nobody is in effect with it, so nobody's claim to it would outlive this plan.
  const refusal = ips.refusal(first);
  if (refusal !== undefined) return refusal;
  const owner = owners.get(groupName);
  if (owner !== undefined && owner !== policy.name) {
    const message = `gatewayRef ${groupName} is already used by policy ${owner}; each policy needs a group of its own`;
    return { reason: "GatewayRefNotUnique", message };
  }
  return first;
}

/**
 * The one policy that may refer to each group: the one that was in effect with it, else the first by name. The rule is
 * about the reference, as in GKE's words ("the gatewayRef object must be unique for each policy"): two groups may
 * begin with the same address, and their policies then share it.
 */
function ownersOfGroups(policies: readonly Policy[], previous: Previous): Map<string, string> {
  const owners = new Map<string, string>();
  const wasInEffect = (policy: Policy) => {
    const before = Object.hasOwn(previous.policies, policy.name) ? previous.policies[policy.name] : undefined;
    return (
      before !== undefined && before.state !== "refused" && before.group === qualifiedName(policy.gatewayRef.value)
    );
  };
  const sorted = policies.toSorted(byName);
  for (const policy of [...sorted.filter(wasInEffect), ...sorted]) {
    const group = qualifiedName(policy.gatewayRef.value);
    if (!owners.has(group)) owners.set(group, policy.name);
  }
  return owners;
}
