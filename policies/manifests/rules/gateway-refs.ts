import type { Finding, Severity } from "../../findings.ts";
import type { Policy } from "../../intent.ts";
import type { Code } from "../codes.ts";
import { suggest } from "../suggest.ts";
import { type DeclaredTree, groupName } from "./tree.ts";
import { placeText } from "./words.ts";

/** A gatewayRef names a group of the tree; the policy uses the first of its addresses. */
export function gatewayRefsLead(tree: DeclaredTree): Finding[] {
  return [...tree.refs].flatMap(([policy, name]) => followRef(policy, name, tree) ?? []);
}

function followRef(
  policy: Policy,
  name: string,
  { groups, brokenGroups, mayHideGroups }: DeclaredTree,
): Finding | undefined {
  const group = groups.get(name);
  if (group === undefined) return mayHideGroups ? undefined : unknownGroup(policy, name, [...groups.keys()]);
  const [first, ...further] = group.floatingIPs;
  if (first === undefined) {
    if (brokenGroups.has(name)) return undefined;
    const message = `the group ${name} (${placeText(group.at)}) has no floating IP, so the policy cannot be applied`;
    return finding("error", "gateway-ref-empty", policy, message, "add an address to the group");
  }
  if (further.length === 0) return undefined;
  const message = `the policy uses ${first.value}, the first of the ${further.length + 1} addresses of ${name}; the others are ignored`;
  return finding(
    "note",
    "further-ips-ignored",
    policy,
    message,
    "to use another address, refer to a group that begins with it",
  );
}

function unknownGroup(policy: Policy, name: string, known: readonly string[]): Finding {
  const near = suggest(name, known) ?? known.find((other) => other.endsWith(`/${policy.gatewayRef.value.name}`));
  const message = `there is no NetworkGatewayGroup ${name}, so the policy cannot be applied`;
  const fix = near === undefined ? "declare the group, or refer to one that exists" : `did you mean ${near}?`;
  return finding("error", "gateway-ref-unknown", policy, message, fix);
}

/** A group without addresses that no policy refers to; where one does, the policy is told. */
export function groupsHaveAddresses({ intent, refs, brokenGroups }: DeclaredTree): Finding[] {
  const empty = intent.groups.filter((group) => group.floatingIPs.length === 0);
  const used = new Set(empty.length === 0 ? [] : refs.values());
  return empty
    .filter((group) => !used.has(groupName(group)) && !brokenGroups.has(groupName(group)))
    .map(({ namespace, name, at }) => {
      const object = { kind: "NetworkGatewayGroup", namespace, name };
      const fix = "add addresses, or delete the group";
      return {
        code: "floating-ips-empty",
        severity: "warning",
        message: "the group has no floating IPs",
        fix,
        ...at,
        object,
      };
    });
}

/**
 * One policy per group. Which one stays is the plan's decision, for it knows who was ready before; here the one whose
 * name sorts later is told.
 */
export function gatewayRefsAreUnique({ refs }: DeclaredTree): Finding[] {
  const first = new Map<string, Policy>();
  // nearly every tree ends here, without being sorted
  if (new Set(refs.values()).size === refs.size) return [];
  const byName = [...refs].sort(([a], [b]) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return byName.flatMap(([policy, name]) => {
    const other = first.get(name);
    first.set(name, other ?? policy);
    if (other === undefined) return [];
    const message = `policies ${other.name} (${placeText(other.gatewayRef.at)}) and ${policy.name} refer to the same group ${name}; each needs one of its own`;
    const fix = "add a group with the address this policy is to use (also in kube-system/default) and refer to that";
    return finding("error", "gateway-ref-shared", policy, message, fix);
  });
}

function finding(severity: Severity, code: Code, policy: Policy, message: string, fix: string): Finding {
  const object = { kind: "EgressNATPolicy", name: policy.name };
  return { code, severity, message, fix, ...policy.gatewayRef.at, object };
}
