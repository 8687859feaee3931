import type { Finding } from "../../findings.ts";
import type { Group, Intent } from "../../intent.ts";
import type { ParsedFile } from "../declared.ts";

/** Only kube-system/default is allocated: an address of another group must stand there as well. */
export function groupsRepeatDefault(files: readonly ParsedFile[], intent: Intent | undefined): Finding[] {
  if (intent === undefined) return [];
  const main = intent.groups.find(isDefault);
  if (main === undefined ? files.some((file) => file.mayHideGroups) : !isWhole(main, files)) return [];
  const allocated = new Set(main?.floatingIPs.map(({ value }) => value));
  return intent.groups
    .filter((group) => !isDefault(group))
    .flatMap((group) => {
      const object = { kind: "NetworkGatewayGroup", namespace: group.namespace, name: group.name };
      if (main === undefined && group.floatingIPs.length > 0) {
        const message = "There is no group kube-system/default, and only its addresses are allocated.";
        const fix = `Declare kube-system/default with ${group.floatingIPs.map(({ value }) => value).join(", ")}.`;
        return [{ code: "default-group-missing", severity: "error" as const, message, fix, ...group.at, object }];
      }
      return group.floatingIPs
        .filter(({ value }) => !allocated.has(value))
        .map(({ value, at }) => {
          const message = `${value} is not in group kube-system/default, so it is never allocated.`;
          const fix = `Add ${value} to kube-system/default.`;
          return { code: "floating-ip-not-in-default", severity: "error" as const, message, fix, ...at, object };
        });
    });
}

function isDefault({ namespace, name }: Group): boolean {
  return namespace === "kube-system" && name === "default";
}

function isWhole(group: Group, files: readonly ParsedFile[]): boolean {
  const declared = files
    .flatMap((file) => file.objects)
    .find((object) => object.kind === "NetworkGatewayGroup" && object.group === group);
  return declared?.kind === "NetworkGatewayGroup" && declared.whole;
}
