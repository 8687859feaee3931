/** What each object gets to hear: a condition with a reason and a sentence that a person can act on. */
import type { Group, IpAddress } from "./intent.ts";
import type { Condition, GroupOutcome, PolicyOutcome } from "./model.ts";
import type { Admission } from "./rules/admission.ts";
import { isDefaultGroup, type Refusal } from "./rules/floatingips.ts";
import type { Sites } from "./sites.ts";
import { byName, compareText, listNames } from "./text.ts";

/** Where every floating IP stands. */
export interface Whereabouts {
  /** Null also for one that is lost: it has a node, but nobody holds it. */
  readonly nodes: ReadonlyMap<IpAddress, string | null>;
  /** Why nobody holds the address; undefined when it is on a node. */
  problem(ip: IpAddress): Refusal | undefined;
}

/** Without pods. */
export function policyOutcome(admission: Admission, { nodes, problem }: Whereabouts): PolicyOutcome {
  const pods = { selectedPods: 0, ignoredHostNetworkPods: 0, shadowed: [] };
  const { ip } = admission;
  const { name, onGatewayFailure } = admission.policy;
  const own = { name, ip, onGatewayFailure, ...pods };
  if (ip === null) return { ...own, state: "refused", ready: notReady(admission.refusal), node: null };
  const node = nodes.get(ip) ?? null;
  if (node !== null) {
    const condition = ready("Allocated", `traffic leaves as ${ip} from ${node}`);
    return { ...own, state: "active", ready: condition, node };
  }
  const { reason, message } = problem(ip) ?? { reason: "NoFitNode", message: `${ip} is on no node` };
  const state = onGatewayFailure === "nodeIP" ? "nodeIP" : "held";
  return { ...own, state, ready: notReady({ reason, message: `${MEANWHILE[state]}: ${message}` }), node };
}

const MEANWHILE = {
  held: "traffic is held",
  nodeIP: "traffic leaves with node addresses (on-gateway-failure: nodeIP)",
} as const;

export function groupOutcomes(groups: readonly Group[], whereabouts: Whereabouts, sites: Sites): GroupOutcome[] {
  return groups
    .toSorted((a, b) => compareText(a.namespace, b.namespace) || byName(a, b))
    .map((group) => groupOutcome(group, whereabouts, sites));
}

/** Policies use a group's first address only; kube-system/default answers for all of its own. */
function groupOutcome(group: Group, { nodes, problem }: Whereabouts, sites: Sites): GroupOutcome {
  const { namespace, name } = group;
  const ips = [...new Set(group.floatingIPs.map(({ value }) => value))];
  if (!isDefaultGroup(group)) return { namespace, name, ready: groupReady(ips.slice(0, 1), problem) };
  const allocated = [...nodes].filter((entry): entry is [IpAddress, string] => entry[1] !== null);
  return {
    namespace,
    name,
    ready: groupReady(ips, problem),
    floatingIPs: Object.fromEntries(allocated),
    nodes: gatewayNodes(sites),
  };
}

function groupReady(ips: readonly IpAddress[], problem: Whereabouts["problem"]): Condition {
  if (ips.length === 0) return notReady({ reason: "NoFloatingIP", message: "the group lists no floating IP" });
  const problems = ips.flatMap((ip) => problem(ip) ?? []);
  const [first] = problems;
  if (first === undefined) return ready("Allocated", `${listNames(ips)} ${ips.length === 1 ? "is" : "are"} allocated`);
  return notReady({ reason: first.reason, message: listNames(problems.map(({ message }) => message)) });
}

function gatewayNodes(sites: Sites): Record<string, "Up" | "Down"> {
  const gateways = sites.all.filter(({ mayBeGateway, underlay }) => mayBeGateway && underlay !== null);
  return Object.fromEntries(gateways.map(({ name, node }) => [name, node.ready ? "Up" : "Down"]));
}

function ready(reason: string, message: string): Condition {
  return { type: "Ready", status: "True", reason, message };
}

function notReady({ reason, message }: Refusal): Condition {
  return { type: "Ready", status: "False", reason, message };
}
