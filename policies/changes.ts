/** What is different from the plan before, each with a reason that reads well on its own. */
import { parseAddress } from "./addresses.ts";
import type { IpAddress } from "./intent.ts";
import type { Allocation, Change, PolicyOutcome, Previous, PreviousPolicy } from "./model.ts";
import type { GatewayMode } from "./nodestate.ts";
import type { Whereabouts } from "./outcomes.ts";
import { leaving, type Sites, unfit } from "./sites.ts";
import { compareText } from "./text.ts";

/** The first mode of a cluster is no change. */
export function modeChanges(to: GatewayMode | null, { gatewayMode: from }: Previous): Change[] {
  if (from === null || to === null || from === to) return [];
  const reason = `the gateway mode changes from ${from} to ${to}: gateway.mode asks for it; open connections through floating IPs are cut`;
  return [{ kind: "gateway-mode", subject: "gateway mode", from, to, reason }];
}

export function addressChanges(
  allocations: readonly Allocation[],
  previous: Previous,
  whereabouts: Whereabouts,
  sites: Sites,
): Change[] {
  const before = new Map(previous.allocations.map((allocation) => [allocation.ip, allocation]));
  const now = new Set(allocations.map(({ ip }) => ip));
  const changed = allocations.flatMap((after) => addressChange(before.get(after.ip), after, whereabouts, sites) ?? []);
  const gone = [...before.values()].filter(({ ip }) => !now.has(ip)).sort((a, b) => compareText(a.ip, b.ip));
  return [...changed, ...gone.map((allocation) => releaseOf(allocation, whereabouts))];
}

function addressChange(
  before: Allocation | undefined,
  { ip, node: to }: Allocation,
  { problem }: Whereabouts,
  sites: Sites,
): Change | undefined {
  const from = before?.node ?? null;
  if (before !== undefined && from === to) return undefined;
  if (to === null) {
    const held = `${ip} is held: ${from === null ? "" : `${whyLeft(ip, from, sites)}, and `}${problem(ip)?.message}`;
    return { kind: "hold", subject: ip, from, to, reason: held };
  }
  if (from !== null) {
    const reason = `${ip} moves from ${from} to ${to}: ${whyLeft(ip, from, sites)}`;
    return { kind: "move", subject: ip, from, to, reason };
  }
  const why = before === undefined ? "it is new" : "a fit node is there again";
  return { kind: "assign", subject: ip, from, to, reason: `${ip} goes to ${to}: ${why}` };
}

function whyLeft(ip: IpAddress, node: string, sites: Sites): string {
  const site = sites.byName.get(node);
  const address = parseAddress(ip);
  if (site === undefined || address === undefined) return `${node} left the cluster`;
  return unfit(site, address) ?? leaving(site) ?? "the floating IPs are rebalanced";
}

function releaseOf({ ip, node: from }: Allocation, { problem }: Whereabouts): Change {
  const why = problem(ip)?.message ?? "it is no longer declared";
  const reason = from === null ? `${ip} is given up: ${why}` : `${ip} is released by ${from}: ${why}`;
  return { kind: "release", subject: ip, from, to: null, reason };
}

export function policyChanges(outcomes: readonly PolicyOutcome[], previous: Previous): Change[] {
  const before = new Map(Object.entries(previous.policies));
  const changed = outcomes.flatMap((after) => policyChange(before.get(after.name), after) ?? []);
  const now = new Set(outcomes.map(({ name }) => name));
  const gone = [...before].filter(([name]) => !now.has(name)).sort(([a], [b]) => compareText(a, b));
  return [...changed, ...gone.map(([name, policy]) => removalOf(name, policy))];
}

const kinds = {
  active: "policy-ready",
  held: "policy-held",
  nodeIP: "policy-node-ip",
  refused: "policy-refused",
} as const;
const words = { active: "is Ready", held: "is held", nodeIP: "uses node addresses", refused: "is refused" };

function policyChange(before: PreviousPolicy | undefined, after: PolicyOutcome): Change | undefined {
  if (before?.state === after.state && before.ip === after.ip) return undefined;
  const { name, state, ip: to, ready } = after;
  const reason = `policy ${name} ${words[state]}: ${ready.message}`;
  return { kind: kinds[state], subject: name, from: before?.ip ?? null, to, reason };
}

function removalOf(name: string, { state, ip: from }: PreviousPolicy): Change {
  const effect = state === "refused" ? "it was not in effect" : "its traffic leaves with the node's address";
  return { kind: "policy-removed", subject: name, from, to: null, reason: `policy ${name} is removed: ${effect}` };
}
