/** Which connections were reset, and why, as the report names it. */
import { CT_MARK_OURS } from "../constants.ts";
import type { Flow } from "../kernel/flows.ts";
import { leadingTo, type PodChange } from "./judge.ts";

export function resetWords(flows: readonly Flow[], pods: readonly PodChange[]): readonly string[] {
  const changes = new Map(pods.map((pod) => [pod.ip, pod]));
  const counted = Map.groupBy(flows, (flow) => whoseAndWhy(flow, changes.get(flow.source)));
  return [...counted].map(
    ([words, { length }]) => `reset ${length} ${length === 1 ? "connection" : "connections"} ${words}`,
  );
}

export function forgottenWords(flows: readonly Flow[]): readonly string[] {
  const counted = Map.groupBy(flows, ({ mark }) => mark & CT_MARK_OURS);
  return [...counted].map(
    ([id, { length }]) =>
      `${length} ${length === 1 ? "flow" : "flows"} ${id === 0 ? "without an egress id" : `under egress id ${id}`} ${length === 1 ? "begins" : "begin"} anew`,
  );
}

function whoseAndWhy({ mark, server }: Flow, pod: PodChange | undefined): string {
  const id = mark & CT_MARK_OURS;
  const policy = leadingTo(server, pod?.formerRules ?? []).find((rule) => rule.id === id)?.policy;
  if (pod === undefined || policy === undefined) return `under egress id ${id}: it is not in use any more`;
  return `of policy ${policy}: ${why(policy, server, pod)}`;
}

function why(policy: string, server: string, { rules }: PodChange): string {
  if (rules === "gone" || rules === "unknown") return "the pod is gone";
  const now = rules.filter((rule) => rule.policy === policy);
  if (now.length === 0) return "it does not apply to the pod any more";
  if (leadingTo(server, now).some(({ nodeIP }) => nodeIP)) return "nobody holds its address";
  return leadingTo(server, now).length > 0
    ? "its address changed"
    : "it does not decide about the destination any more";
}
