/** Pods selected by the same policies in effect form one class; its rules are worked out once, however many they are. */
import { type Family, formatPrefix, type Prefix } from "./addresses.ts";
import type { IpAddress, Policy } from "./intent.ts";
import type { EgressId, PodClass } from "./nodestate.ts";
import { decide, type Loss, losses } from "./precedence.ts";
import type { Admission } from "./rules/admission.ts";
import { parseCidrs } from "./sites.ts";

/** A policy in effect: its traffic takes this id, whether or not a node holds the address just now. */
export interface EffectivePolicy {
  readonly name: string;
  readonly destinations: readonly Prefix[];
  readonly id: EgressId;
}

export interface PlannedClass {
  readonly podClass: PodClass;
  /** Distinct, ascending. */
  readonly ids: readonly EgressId[];
  readonly losses: readonly Loss[];
}

/** Null when none of the selecting policies is in effect. */
export type Classify = (selected: readonly Policy[]) => PlannedClass | null;

export function effectivePolicies(
  admissions: ReadonlyMap<string, Admission>,
  ids: ReadonlyMap<IpAddress, EgressId>,
  families: readonly Family[],
): Map<string, EffectivePolicy> {
  const effective = new Map<string, EffectivePolicy>();
  for (const { policy, ip } of admissions.values()) {
    const id = ip === null ? undefined : ids.get(ip);
    if (id === undefined) continue;
    const destinations = parseCidrs(
      policy.destinations.map(({ value }) => value),
      families,
    );
    effective.set(policy.name, { name: policy.name, destinations, id });
  }
  return effective;
}

/** `selected` arrays come from `indexSources`: sorted by name, and one array stands for one set. */
export function classifier(effective: ReadonlyMap<string, EffectivePolicy>): Classify {
  const bySelected = new WeakMap<readonly Policy[], PlannedClass | null>();
  const byKey = new Map<string, PlannedClass>();
  return (selected) => {
    const known = bySelected.get(selected);
    if (known !== undefined) return known;
    const members = selected.flatMap(({ name }) => effective.get(name) ?? []);
    const key = members.map(({ name }) => name).join();
    const planned = members.length === 0 ? null : (byKey.get(key) ?? planClass(key, members));
    if (planned !== null) byKey.set(key, planned);
    bySelected.set(selected, planned);
    return planned;
  };
}

function planClass(key: string, members: readonly EffectivePolicy[]): PlannedClass {
  const rules = decide(members).map(({ prefix, winner }) => ({ cidr: formatPrefix(prefix), id: winner.id }));
  const ids = [...new Set(rules.map(({ id }) => id))].sort((a, b) => a - b);
  return { podClass: { key, rules }, ids, losses: losses(members) };
}
