/** What reading the manifests found and what planning found, as one list. */
import type { Finding } from "./findings.ts";
import type { Reading } from "./manifests/read.ts";
import { sortFindings } from "./manifests/sort.ts";
import { qualifiedName } from "./text.ts";

/**
 * Sorted by file, line and column. Of two findings with one code at one place the plan's is kept. Policies that share a
 * group are told by both: where the plan speaks of a group, only it is heard, since it knows who was ready before; the
 * text alone can only go by name and may blame the policy that stays.
 */
export function mergeFindings({ intent, findings }: Reading, planned: readonly Finding[]): Finding[] {
  const groups = new Map(intent?.policies.map(({ name, gatewayRef }) => [name, qualifiedName(gatewayRef.value)]));
  const groupOf = ({ object }: Finding) => groups.get(object?.name ?? "");
  const judged = new Set(planned.filter(isShared).map(groupOf));
  const taken = new Set(planned.map(placeOf));
  const kept = findings.filter(
    (finding) => !taken.has(placeOf(finding)) && !(isShared(finding) && judged.has(groupOf(finding))),
  );
  return sortFindings([...kept, ...planned]);
}

function isShared({ code }: Finding): boolean {
  return code === "gateway-ref-shared";
}

function placeOf({ code, file, line, column }: Finding): string {
  return JSON.stringify([code, file, line, column]);
}
