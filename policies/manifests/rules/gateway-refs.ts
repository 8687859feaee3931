import type { Finding, Severity } from "../../findings.ts";
import type { Intent, Policy } from "../../intent.ts";
import type { ParsedFile } from "../declared.ts";
import { suggest } from "../suggest.ts";
import { placeText } from "./words.ts";

/** A gatewayRef names a group of the tree; the policy uses the first of its addresses. */
export function gatewayRefsLead(files: readonly ParsedFile[], intent: Intent | undefined): Finding[] {
  if (intent === undefined) return [];
  const groups = new Map(intent.groups.map((group) => [`${group.namespace}/${group.name}`, group]));
  const hidden = files.some((file) => file.mayHideGroups);
  return intent.policies.flatMap((policy) => {
    const ref = refText(policy);
    const group = groups.get(ref);
    if (group === undefined) return hidden ? [] : unknownGroup(policy, ref, [...groups.keys()]);
    const [first, ...further] = group.floatingIPs;
    if (first === undefined) {
      const message = `The group ${ref} (${placeText(group.at)}) has no usable floating IP.`;
      return wholeGroup(files, ref)
        ? finding("error", "gateway-ref-empty", policy, message, "Add one to the group.")
        : [];
    }
    if (further.length === 0) return [];
    const message = `The policy uses ${first.value}, the first of ${further.length + 1} addresses of ${ref}; the others are ignored.`;
    return finding(
      "note",
      "further-ips-ignored",
      policy,
      message,
      "To use another one, refer to a group that begins with it.",
    );
  });
}

function wholeGroup(files: readonly ParsedFile[], ref: string): boolean {
  return files
    .flatMap((file) => file.objects)
    .every(
      (object) =>
        object.kind !== "NetworkGatewayGroup" || object.whole || `${object.ref.namespace}/${object.ref.name}` !== ref,
    );
}

function unknownGroup(policy: Policy, ref: string, known: readonly string[]): Finding[] {
  const { name } = policy.gatewayRef.value;
  const near = suggest(ref, known) ?? known.find((other) => other.endsWith(`/${name}`));
  const message = `There is no NetworkGatewayGroup ${ref}, so the policy cannot be applied.`;
  const fix = near === undefined ? "Declare the group, or refer to one that exists." : `Did you mean ${near}?`;
  return finding("error", "gateway-ref-unknown", policy, message, fix);
}

/**
 * One policy per group. Which one stays is the plan's decision, for it knows who was ready before; here the one whose
 * name sorts later is told.
 */
export function gatewayRefsAreUnique(_files: readonly ParsedFile[], intent: Intent | undefined): Finding[] {
  const first = new Map<string, Policy>();
  const byName = intent?.policies.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) ?? [];
  return byName.flatMap((policy) => {
    const ref = refText(policy);
    const other = first.get(ref);
    first.set(ref, other ?? policy);
    if (other === undefined) return [];
    const message = `Policies ${other.name} (${placeText(other.gatewayRef.at)}) and ${policy.name} refer to the same group ${ref}; each needs one of its own.`;
    const fix = "Create a group with the address this policy is to use (also in kube-system/default) and refer to it.";
    return finding("error", "gateway-ref-shared", policy, message, fix);
  });
}

function refText({ gatewayRef }: Policy): string {
  return `${gatewayRef.value.namespace}/${gatewayRef.value.name}`;
}

function finding(severity: Severity, code: string, policy: Policy, message: string, fix: string): Finding[] {
  return [
    { code, severity, message, fix, ...policy.gatewayRef.at, object: { kind: "EgressNATPolicy", name: policy.name } },
  ];
}
