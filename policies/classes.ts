/** Pods selected by the same policies in effect form one class; its rules are worked out once, however many they are. */
import { formatPrefix, type Prefix, parseCidrs } from "./addresses.ts";
import type { IpAddress, Policy } from "./intent.ts";
import type { EgressId, PodClass } from "./nodestate.ts";
import { decide, type Loss, losses } from "./precedence.ts";
import type { Admission } from "./rules/admission.ts";

/** A policy in effect: its traffic takes this id, whether or not a node holds the address just now. */
export interface EffectivePolicy {
  readonly name: string;
  readonly destinations: readonly Prefix[];
  readonly id: EgressId;
  /** Nobody holds its address, and it wants the node's address meanwhile. */
  readonly nodeIP: boolean;
}

export interface PlannedClass {
  readonly podClass: PodClass;
  /** Distinct, ascending. */
  readonly ids: readonly EgressId[];
  readonly losses: readonly Loss[];
}

/** What all pods have in common that exactly these policies select. */
export interface Selection {
  /** Sorted by name. */
  readonly policies: readonly Policy[];
  /** Null when none of them is in effect. Selections that differ only in others have equal classes. */
  readonly planned: PlannedClass | null;
}

/** @param isHeld that a node holds the address, as far as is known */
export function effectivePolicies(
  admissions: ReadonlyMap<string, Admission>,
  ids: ReadonlyMap<IpAddress, EgressId>,
  isHeld: (ip: IpAddress) => boolean,
): Map<string, EffectivePolicy> {
  const effective = new Map<string, EffectivePolicy>();
  for (const { policy, ip } of admissions.values()) {
    const id = ip === null ? undefined : ids.get(ip);
    if (ip === null || id === undefined) continue;
    const { name, onGatewayFailure } = policy;
    const destinations = parseCidrs(policy.destinations.map(({ value }) => value));
    effective.set(name, { name, destinations, id, nodeIP: onGatewayFailure === "nodeIP" && !isHeld(ip) });
  }
  return effective;
}

/** @param policies sorted by name */
export function planSelection(policies: readonly Policy[], effective: ReadonlyMap<string, EffectivePolicy>): Selection {
  const members = policies.flatMap(({ name }) => effective.get(name) ?? []);
  return { policies, planned: members.length === 0 ? null : planClass(members) };
}

function planClass(members: readonly EffectivePolicy[]): PlannedClass {
  const key = members.map(({ name }) => name).join();
  const rules = decide(members).map(({ prefix, winner: { id, name, nodeIP } }) => {
    const rule = { cidr: formatPrefix(prefix), id, policy: name };
    return nodeIP ? { ...rule, nodeIP } : rule;
  });
  const ids = [...new Set(rules.map(({ id }) => id))].sort((a, b) => a - b);
  return { podClass: { key, rules }, ids, losses: losses(members) };
}
