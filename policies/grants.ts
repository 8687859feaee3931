/**
 * Who holds each address at this moment of a rollout: the target node as soon as no other node may hold it; until then
 * whoever has it, where letting go would only cut traffic.
 */
import type { Holders, Plan } from "./model.ts";
import type { EgressId, NodeState } from "./nodestate.ts";
import { isOurs, kernelHolds, mayHoldByReport, type NodeProgress, type Progress } from "./progress.ts";
import { listNames } from "./text.ts";

export interface Grant {
  readonly ip: string;
  readonly id: EgressId;
  /** The node the plan gives the address to; null when it is to be released. */
  readonly target: string | null;
  /** The one node that is told to hold it now; null: none is. */
  readonly holder: string | null;
  /** What must happen before `holder` can become `target`, in words. */
  readonly waiting: string | null;
}

/** By egress id: one for each address that a node holds, may hold or is to hold. */
export function grantAddresses(plan: Plan, progress: Progress): Map<EgressId, Grant> {
  const targets = new Map(plan.allocations.map(({ ip, node }) => [ip, node]));
  const suspects = suspectsByIP(plan, progress);
  const grants = new Map<EgressId, Grant>();
  for (const holders of plan.next.holders) {
    const target = targets.get(holders.ip) ?? null;
    const context = { nodes: plan.nodes, suspects: [...(suspects.get(holders.ip) ?? [])], progress };
    grants.set(holders.id, grant(holders, target, context));
  }
  return grants;
}

interface Context {
  readonly nodes: readonly NodeState[];
  readonly suspects: readonly string[];
  readonly progress: Progress;
}

function grant({ ip, id, nodes }: Holders, target: string | null, context: Context): Grant {
  const { suspects, progress } = context;
  /** Nodes other than this one that may hold the address. */
  const others = (node: string): string[] => {
    // Whoever is seen to hold it proves that no grant of an earlier process to another node is left.
    const proven = kernelHolds(progress.get(node), ip);
    return suspects.filter((other) => {
      if (other === node) return false;
      const known = progress.get(other);
      if (mayHoldByReport(known, ip)) return true;
      return !proven && nodes.includes(other) && (known === undefined || !isOurs(known));
    });
  };
  const holder = suspects.find((node) => kernelHolds(progress.get(node), ip) && others(node).length === 0) ?? null;
  if (target === null) {
    const users = holder === null ? [] : usersOf(id, holder, context);
    if (users.length === 0) return { ip, id, target, holder: null, waiting: null };
    return { ip, id, target, holder, waiting: `${ip} stays on ${holder} until unused by ${listNames(users)}` };
  }
  if (!progress.has(target)) {
    const stays = holder === null ? "" : ` and stays on ${holder} until then`;
    return {
      ip,
      id,
      target,
      holder: holder ?? target,
      waiting: `${ip} waits for the first report of ${target}${stays}`,
    };
  }
  const blockers = others(target);
  if (blockers.length === 0) return { ip, id, target, holder: target, waiting: null };
  return { ip, id, target, holder: null, waiting: `${ip} waits for ${explainBlockers(blockers, progress)}` };
}

/** As the end of "192.168.1.100 waits for …". */
function explainBlockers(blockers: readonly string[], progress: Progress): string {
  const silent = blockers.filter((node) => !progress.has(node));
  if (silent.length > 0) return `${listNames(silent)} to report: it may still be held there`;
  return `${listNames(blockers)} to release it`;
}

/** Nodes other than the gateway that send, or may yet send, traffic with this id to some gateway. */
function usersOf(id: EgressId, gateway: string, { nodes, progress }: Context): string[] {
  const uses = ({ report, sent }: NodeProgress) =>
    report.kernel.gateways.some((entry) => entry.id === id) ||
    sent.some(({ state }) => state.gateways.some((entry) => entry.id === id));
  return nodes.flatMap(({ node }) => {
    const known = node === gateway ? undefined : progress.get(node);
    return known !== undefined && uses(known) ? [node] : [];
  });
}

/** Nodes of the cluster that earlier plans or reports name as possible holders. */
function suspectsByIP(plan: Plan, progress: Progress): Map<string, Set<string>> {
  const suspects = new Map<string, Set<string>>();
  const suspect = (ip: string, node: string) => {
    const nodes = suspects.get(ip);
    if (nodes === undefined) suspects.set(ip, new Set([node]));
    else nodes.add(node);
  };
  for (const { ip, nodes } of plan.next.holders) for (const node of nodes) suspect(ip, node);
  for (const { node } of plan.nodes) {
    const known = progress.get(node);
    for (const ip of known?.report.kernel.held ?? []) suspect(ip, node);
    for (const { state } of known?.sent ?? []) for (const { ip } of state.held) suspect(ip, node);
  }
  return suspects;
}
