import type { Finding, ObjectRef } from "../../findings.ts";
import type { Group } from "../../intent.ts";
import { DEFAULT_GROUP, type DeclaredTree } from "./tree.ts";

/** Only kube-system/default is allocated: an address of another group must stand there as well. */
export function groupsRepeatDefault({ intent, groups, brokenGroups, mayHideGroups }: DeclaredTree): Finding[] {
  const main = groups.get(DEFAULT_GROUP);
  if (main === undefined ? mayHideGroups : brokenGroups.has(DEFAULT_GROUP)) return [];
  const others = intent.groups.filter((group) => group !== main && group.floatingIPs.length > 0);
  if (main === undefined) return others.map(defaultMissing);
  const allocated = new Set(main.floatingIPs.map(({ value }) => value));
  return others.flatMap((group) => notAllocated(group, allocated));
}

function defaultMissing(group: Group): Finding {
  const message = `there is no group ${DEFAULT_GROUP}, and only its addresses are allocated`;
  const fix = `declare ${DEFAULT_GROUP} with ${group.floatingIPs.map(({ value }) => value).join(", ")}`;
  return { code: "default-group-missing", severity: "error", message, fix, ...group.at, object: refTo(group) };
}

function notAllocated(group: Group, allocated: ReadonlySet<string>): Finding[] {
  return group.floatingIPs
    .filter(({ value }) => !allocated.has(value))
    .map(({ value, at }) => {
      const message = `${value} is not in group ${DEFAULT_GROUP}, so it is never allocated`;
      const fix = `add ${value} to ${DEFAULT_GROUP}`;
      return { code: "floating-ip-not-in-default", severity: "error", message, fix, ...at, object: refTo(group) };
    });
}

function refTo({ namespace, name }: Group): ObjectRef {
  return { kind: "NetworkGatewayGroup", namespace, name };
}
