/**
 * Whether the nodes have what the plan says. A plan's "Ready" is a promise; on the status branch it stands only once
 * every node that matters for the object has confirmed it. A node that is catching up with something else, a new pod
 * of another policy for instance, does not matter.
 */
import type { Condition, GroupOutcome, Plan, PolicyOutcome } from "../../policies/model.ts";
import type { NodeState } from "../../policies/nodestate.ts";
import type { NodeProgress, StatusInput } from "./input.ts";

type Progress = Pick<StatusInput, "plan" | "nodes">;

/** The policy's condition, after the nodes had their say. */
export function policyCondition(policy: PolicyOutcome, { plan, nodes }: Progress): Condition {
  if (policy.ready.status === "False" || policy.ip === null) return policy.ready;
  const { ip } = policy;
  return unlessWaiting(
    policy.ready,
    unconfirmedNodes(plan, nodes, (state) => shareOf(state, plan, ip)),
  );
}

/** The group's condition, after the holders of its addresses had their say. */
export function groupCondition(group: GroupOutcome, { plan, nodes }: Progress): Condition {
  if (group.ready.status === "False") return group.ready;
  const ips = Object.keys(group.floatingIPs ?? {});
  const heldHere = (state: NodeState) => state.held.filter(({ ip }) => ips.includes(ip));
  return unlessWaiting(group.ready, unconfirmedNodes(plan, nodes, heldHere));
}

/** The node has confirmed that it holds this floating IP. */
export function isHeldBy(ip: string, node: string, nodes: StatusInput["nodes"]): boolean {
  return nodes.get(node)?.confirmed?.held.some((address) => address.ip === ip) ?? false;
}

/** The node has confirmed its whole target state. */
export function isConverged(progress: NodeProgress | undefined): boolean {
  const report = progress?.report;
  return report?.outcome === "converged" && report.hash === progress?.hash;
}

/** Names of the nodes where a part of the state is confirmed in another form, or not at all. */
function unconfirmedNodes(
  plan: Plan,
  nodes: StatusInput["nodes"],
  partOf: (state: NodeState) => readonly unknown[],
): string[] {
  const lacking = plan.nodes.filter((state) => {
    const confirmed = nodes.get(state.node)?.confirmed;
    const wanted = partOf(state);
    if (confirmed === undefined) return wanted.length > 0;
    return JSON.stringify(partOf(confirmed)) !== JSON.stringify(wanted);
  });
  return lacking.map(({ node }) => node);
}

/** What of a node's state serves traffic that leaves as this floating IP. */
function shareOf(state: NodeState, plan: Plan, ip: string): readonly unknown[] {
  const id = plan.allocations.find((allocation) => allocation.ip === ip)?.id;
  const rules = state.classes.flatMap(({ key, rules }) =>
    rules.filter((rule) => rule.id === id).map((rule) => [key, rule]),
  );
  const held = state.held.filter((address) => address.ip === ip);
  const gateways = rules.length > 0 ? state.gateways.filter((gateway) => gateway.id === id) : [];
  return [...held, ...gateways, ...rules];
}

function unlessWaiting(ready: Condition, waitingFor: readonly string[]): Condition {
  if (waitingFor.length === 0) return ready;
  const named = waitingFor.slice(0, 5).join(", ");
  const others = waitingFor.length > 5 ? ` and ${waitingFor.length - 5} more` : "";
  return { type: "Ready", status: "False", reason: "WaitingForNodes", message: `not confirmed by ${named}${others}` };
}
